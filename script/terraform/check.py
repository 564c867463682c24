"""Has Terraform judge deploy/terraform by the providers' schemas, and run the module's tests.

    check.py WHEELS FOLDER...

WHEELS holds the packages of the providers, each FOLDER a configuration. Before anything is believed,
configurations that are wrong must be refused: those in `wrong` beside this file, each with the
words that Terraform must say in its first line.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import provider
import schema

PROVIDERS = ("aws", "random")
WRONG = Path(__file__).parent / "wrong"


class Terraform:
    def __init__(self, attachments: dict, data: Path):
        # Providers are ours; neither a registry nor Terraform's own site is asked for anything.
        self.environment = os.environ | {
            "TF_REATTACH_PROVIDERS": json.dumps(attachments),
            "TF_DATA_DIR": str(data),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def __call__(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments],
            env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def must(self, folder: Path, *arguments: str) -> str:
        done = self(folder, *arguments)
        if done.returncode != 0:
            sys.exit(f"terraform {' '.join(arguments)} in {folder}:\n{done.stdout}")
        return done.stdout


def wanted_types(folders: list) -> set:
    """The (kind, type) pairs that the configurations name."""
    named = re.compile(r'^\s*(resource|data)\s+"(\w+)"', re.M)
    texts = (file.read_text() for folder in folders for file in folder.glob("*.tf"))
    return {pair for text in texts for pair in named.findall(text)}


def serve_providers(wheels: Path, types: set) -> dict:
    """Starts the providers; each with how Terraform reaches it, by its name."""
    running = {}
    for name in PROVIDERS:
        (wheel,) = wheels.glob(f"cdktf_cdktf_provider_{name}-*.whl")
        own = {pair for pair in types if pair[1].startswith(f"{name}_")}
        schemas = schema.read_wheel(wheel, name, own)
        # A server ends with its last reference.
        server, port = provider.serve(provider.provider_schema(schemas))
        running[name] = (server, provider.attachment(port))
        print(f"{name} {schemas.version}: {len(schemas.resources)} resources, {len(schemas.data_sources)} data sources")
    return running


def refuse_what_is_wrong(terraform: Terraform) -> None:
    for file in sorted(WRONG.glob("*.tf")):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(file, folder)
            terraform.must(Path(folder), "init", "-no-color")
            said = terraform(Path(folder), "validate", "-no-color")
        words = file.read_text().splitlines()[0].removeprefix("# ")
        if said.returncode == 0 or words not in " ".join(said.stdout.split()):
            sys.exit(f"{file.name} must be refused with {words!r}; Terraform said:\n{said.stdout}")
        print(f"refused as it must be: {file.name}")


def main() -> None:
    wheels, *folders = map(Path, sys.argv[1:])
    providers = serve_providers(wheels, wanted_types([*folders, WRONG]))
    attachments = {f"registry.terraform.io/hashicorp/{name}": how for name, (_, how) in providers.items()}
    with tempfile.TemporaryDirectory() as data:
        terraform = Terraform(attachments, Path(data))
        refuse_what_is_wrong(terraform)
        for folder in folders:
            terraform.must(folder, "init", "-no-color", "-backend=false")
            terraform.must(folder, "validate", "-no-color")
            print(f"valid: {folder}")
            if any(folder.glob("tests/*.tftest.hcl")):
                print(terraform.must(folder, "test", "-no-color").strip())


main()
