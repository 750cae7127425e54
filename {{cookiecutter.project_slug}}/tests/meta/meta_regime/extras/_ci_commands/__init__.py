"""What CI runs: found in its files, and in those of make, tox, nox and shells, as far as can be seen from outside."""
