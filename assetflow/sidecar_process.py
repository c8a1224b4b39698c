"""Entry of the sidecar process; workers start it, nobody else."""

from assetflow.beside_workers import run_sidecar

if __name__ == "__main__":
    run_sidecar()
