"""A gateway that lives in memory."""

from payments.gateway import Response

ANNA = {"id": "anna", "email": "anna@example.com", "country": "DE", "known_days": 400}
DOWN = Response(503)


class FakeGateway:
    """Answers each request by what is planned for it, in turn; the last answer stays."""

    def __init__(self, **plan):
        self.plan = {
            "customers": [Response(200, ANNA)],
            "charge": [Response(201, {"reference": "ch-1"})],
            "status": [Response(200, {"status": "settled"})],
            "messages": [Response(202)],
        }
        self.plan.update({kind: list(answers) for kind, answers in plan.items()})
        self.calls = []

    def __call__(self, method, path, body):
        kind = path.split("/")[1]
        if kind == "charges":
            kind = "charge" if method == "POST" else "status"
        self.calls.append((kind, dict(body)))
        answers = self.plan[kind]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def count(self, kind):
        return sum(called == kind for called, _ in self.calls)

    @property
    def messages(self):
        return [body["text"] for kind, body in self.calls if kind == "messages"]
