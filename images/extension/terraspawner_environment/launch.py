"""`python -I -m terraspawner_environment.launch`: what `jupyterhub-singleuser` does, without what is never used."""

from terraspawner_environment import standins


def main() -> None:
    """Run the server until it is told to end."""
    standins.install()
    from jupyterhub.singleuser.extension import main as run  # noqa: PLC0415 - after the stand-ins

    run()


if __name__ == "__main__":
    main()
