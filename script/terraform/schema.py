"""What a Terraform provider takes: its resources, data sources, blocks and attributes.

The provider itself comes from Terraform's registry only. Its schema also lies in the packages that
CDK for Terraform generated from it, which PyPI has; it is read from their JavaScript. What these do
not tell is whether an attribute that may be set is also computed: `id` is taken to be, and what a
data source is not asked for by.
"""

import re
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

WORD_OF_TYPE = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}


@dataclass
class Attribute:
    # As Terraform writes types in JSON: "string", ["list", "string"].
    type: object
    required: bool = False
    optional: bool = False
    computed: bool = False


@dataclass
class Nested:
    block: "Block"
    # "list", "set", "map" or "struct".
    nesting: str
    single: bool
    required: bool


@dataclass
class Block:
    attributes: dict = field(default_factory=dict)
    blocks: dict = field(default_factory=dict)


@dataclass
class Schemas:
    version: str
    provider: Block
    resources: dict
    data_sources: dict


class UnreadableSchema(Exception):
    """The package is not as this module knows such packages."""


def read_wheel(wheel: Path, name: str, wanted: set) -> Schemas:
    """Reads the provider `name`, and of its types the `wanted`, as (kind, type) pairs."""
    with zipfile.ZipFile(wheel) as files:
        archives = [file for file in files.namelist() if file.endswith(".jsii.tgz")]
        if len(archives) != 1:
            raise UnreadableSchema(f"{wheel}: {len(archives)} archives instead of one")
        with files.open(archives[0]) as archive, tarfile.open(fileobj=archive, mode="r|gz") as tar:
            sources = _sources(tar, {_folder(name, *type) for type in wanted} | {"provider"})
    if "provider" not in sources:
        raise UnreadableSchema(f"{wheel}: no provider in it")
    found = {"resource": {}, "data": {}}
    for kind, type in sorted(wanted):
        if source := sources.get(_folder(name, kind, type)):
            found[kind][type] = read_block(source)
    version = re.search(r"providerVersion: '([^']+)'", sources["provider"])
    provider = read_block(sources["provider"])
    return Schemas(version[1] if version else "", provider, found["resource"], found["data"])


def _folder(name: str, kind: str, type: str) -> str:
    own_name = type.removeprefix(f"{name}_").replace("_", "-")
    return own_name if kind == "resource" else f"data-{name}-{own_name}"


def _sources(tar: tarfile.TarFile, folders: set) -> dict:
    sources = {}
    for member in tar:
        parts = member.name.split("/")
        if parts[-1] == "index.js" and parts[-2] in folders and parts[-3] == "lib":
            sources[parts[-2]] = tar.extractfile(member).read().decode()
    return sources


def read_block(source: str) -> Block:
    """Reads the resource, data source or provider of one generated file."""
    functions = dict(re.findall(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", source, re.M | re.S))
    classes = {}
    for name, parent, body in re.findall(r"^class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}", source, re.M | re.S):
        classes[name] = body
        if parent in ("TerraformResource", "TerraformDataSource", "TerraformProvider"):
            top = body
            is_data_source = parent == "TerraformDataSource"
    settable = re.search(r"synthesizeHclAttributes\(\) \{\n(.*?)^    \}", top, re.M | re.S)
    if not settable:
        raise UnreadableSchema("no synthesizeHclAttributes in the file")
    block = _block(settable[1], top, functions, classes)
    for name, attribute in block.attributes.items():
        if attribute.optional and (name == "id" or is_data_source):
            attribute.computed = True
    return block


def _block(settable: str, body: str, functions: dict, classes: dict) -> Block:
    block = Block()
    said = {
        name: {"computed": computed == "true", "optional": optional == "true", "required": required == "true"}
        for name, computed, optional, required in re.findall(
            r"// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)", body
        )
    }
    entry = r"^ +(\w+): \{\n +value: (.*),\n +isBlock: (\w+),\n +type: \"(\w+)\",\n +storageClassType: \"(\w+)\",\n"
    for name, value, is_block, kind, storage in re.findall(entry, settable, re.M):
        if is_block == "true":
            block.blocks[name] = _nested(name, value, kind, said, functions, classes)
        else:
            # The provider's own blocks come without a class to tell: none of theirs is required.
            optional = not body or f"reset{_pascal(name)}()" in body or name == "id"
            block.attributes[name] = Attribute(
                _type(kind, storage), required=not optional, optional=optional
            )
    for name, word in said.items():
        if name not in block.attributes and name not in block.blocks and word["computed"]:
            block.attributes[name] = Attribute(_computed_type(name, body), computed=True)
    return block


def _nested(name: str, value: str, kind: str, said: dict, functions: dict, classes: dict) -> Nested:
    function = re.search(r"(\w+)ToHclTerraform", value.replace("MapperHcl", ""))
    if not function or function[1] not in functions:
        raise UnreadableSchema(f"block {name}: {value}")
    pascal = function[1][0].upper() + function[1][1:]
    body = classes.get(f"{pascal}OutputReference", "")
    return Nested(
        _block(functions[function[1]], body, functions, classes),
        nesting=kind,
        single="MapperHcl(" not in value,
        required=said.get(name, {}).get("required", False),
    )


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _type(kind: str, storage: str) -> object:
    if kind == "simple":
        return WORD_OF_TYPE.get(storage, "dynamic")
    element = re.sub(r"(List|Map|Set)$", "", storage)
    return [kind, WORD_OF_TYPE[element]] if element in WORD_OF_TYPE else "dynamic"


def _computed_type(name: str, body: str) -> object:
    getter = re.search(rf"get(\w+)Attribute\('{name}'\)", body)
    word = getter[1] if getter else ""
    if word in ("String", "Number", "Boolean"):
        return WORD_OF_TYPE[word.lower()]
    return {"List": ["list", "string"], "StringMap": ["map", "string"]}.get(word, "dynamic")
