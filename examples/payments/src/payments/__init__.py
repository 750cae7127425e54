"""Takes payments through a gateway that is sometimes down."""
