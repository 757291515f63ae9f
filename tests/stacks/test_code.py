"""What is packed for Lambda, and that it suffices: each handler is imported from it alone."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from stacks.assets import checked_assets, content_hash
from stacks.code import REQUIREMENTS, dependencies_layer, emptier_code, pipeline_code, runtime
from stacks.definition import lambda_states
from stacks.functions import handler_module
from stacks.settings import Settings
from tests.stacks.conftest import ROOT

# Lambda's Python runtimes bring these ("Runtimes with the SDK", Lambda developer guide: boto3 with what it needs).
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Folders as Lambda unpacks them."""

    pipeline: Path
    emptier: Path
    layer: Path
    runtime: Path


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """The assets, the layer for this machine, and the packages that Lambda's runtime brings, each in its folder."""
    folder = tmp_path_factory.mktemp("packed")
    metadata = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}
    app = cdk.App(outdir=str(folder / "cdk.out"), context=metadata)
    stack = cdk.Stack(app, "packed")
    settings = Settings(layer_platform="host")
    layer = dependencies_layer(stack, "Layer", settings)
    for name, code in {"Pipeline": pipeline_code(), "Emptier": emptier_code()}.items():
        lambda_.Function(stack, name, code=code, runtime=runtime(settings), handler="x.y", layers=[layer])
    template = app.synth().get_stack_by_name("packed").template["Resources"].values()
    assets = {
        r["Metadata"]["aws:cdk:path"].split("/")[1]: folder / "cdk.out" / r["Metadata"]["aws:asset:path"]
        for r in template
        if "aws:asset:path" in r.get("Metadata", {})
    }
    brought = folder / "runtime"
    brought.mkdir()
    site_packages = Path(cdk.__file__).parents[1]
    for package in RUNTIME_PACKAGES:
        (brought / package).symlink_to(site_packages / package)
    return Packed(pipeline=assets["Pipeline"], emptier=assets["Emptier"], layer=assets["Layer"], runtime=brought)


def _import_handlers(names: list[str], *folders: Path) -> None:
    """Imports the handlers in one process with nothing but these folders and the standard library in sight."""
    imports = "".join(f"; from lambdas.handlers.{name} import handler" for name in names)
    program = f"import sys; sys.path[:0] = {[str(folder) for folder in folders]!r}{imports}"
    found = subprocess.run(  # noqa: S603 - this interpreter and our own module names
        [sys.executable, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_each_handler_imports_from_what_is_packed_alone(packed: Packed) -> None:
    """A dependency that only the development environment has would fail in AWS at the first invocation."""
    _import_handlers([handler_module(name) for name in lambda_states()], packed.pipeline, packed.layer / "python")


def test_functions_use_the_layer_s_boto3_in_its_locked_version(packed: Packed) -> None:
    """The runtime's own lags, and changes by itself. `sys.path` is in Lambda's order: code, layers, runtime."""
    folders = [str(folder) for folder in (packed.pipeline, packed.layer / "python", packed.runtime)]
    program = f"import sys; sys.path[:0] = {folders!r}; import boto3; print(boto3.__version__, boto3.__file__)"
    asked = [sys.executable, "-I", "-S", "-B", "-c", program]
    version, file = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - ours
    assert f"boto3=={version} " in REQUIREMENTS.read_text()
    assert Path(file).is_relative_to(packed.layer)


def test_code_and_layer_fit_into_a_function(packed: Packed) -> None:
    """Lambda takes 250 MB unzipped, layers included; the half is left for what a new version brings."""
    files = [file for folder in (packed.pipeline, packed.layer) for file in folder.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 125_000_000


def test_bucket_emptier_needs_neither_layer_nor_pipeline(packed: Packed) -> None:
    """It must run when all else is broken: a stack's deletion waits for it."""
    _import_handlers(["empty_bucket"], packed.emptier, packed.runtime)


def test_code_holds_the_package_and_nothing_else(packed: Packed) -> None:
    """No tests, data, caches or secrets of the checkout travel to AWS."""
    assert [entry.name for entry in packed.pipeline.iterdir()] == ["lambdas"]
    files = {file.relative_to(packed.pipeline) for file in packed.pipeline.rglob("*") if file.is_file()}
    assert files == {
        file.relative_to(ROOT)
        for file in (ROOT / "lambdas").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_data_stack_changes_only_with_the_emptier(packed: Packed) -> None:
    """Its function holds what it needs, so that a change of the pipeline leaves the stack of the data alone."""
    files = {file.relative_to(packed.emptier).as_posix() for file in packed.emptier.rglob("*") if file.is_file()}
    assert files == {
        "lambdas/__init__.py",
        "lambdas/adapters/__init__.py",
        "lambdas/adapters/aws/__init__.py",
        "lambdas/adapters/aws/clients.py",
        "lambdas/adapters/aws/custom_resource.py",
        "lambdas/adapters/aws/stacks.py",
        "lambdas/adapters/aws/versioned_buckets.py",
        "lambdas/handlers/__init__.py",
        "lambdas/handlers/empty_bucket.py",
    }


def test_layer_holds_packages_only_and_no_trace_of_this_machine(packed: Packed) -> None:
    """Compiled caches and console scripts name the machine that packed them and are of no use in Lambda."""
    assert [entry.name for entry in packed.layer.iterdir()] == ["python"]
    assert not list(packed.layer.rglob("*.pyc"))
    assert not (packed.layer / "python" / "bin").exists()


def test_layer_is_packed_again_only_when_its_content_changes() -> None:
    """The asset's hash follows requirements, runtime and processor."""
    changes = [{}, {}, {"lambda_runtime": "python3.12"}, {"lambda_architecture": "x86_64"}, {"layer_platform": "host"}]
    hashes = []
    for change in changes:
        stack = cdk.Stack(cdk.App(context={"aws:cdk:bundling-stacks": []}), "stack")
        layer = dependencies_layer(stack, "Layer", Settings.model_validate(change)).node.default_child
        assert isinstance(layer, lambda_.CfnLayerVersion)
        hashes.append(stack.resolve(layer.content)["s3Key"])
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == len(hashes) - 1


def _synthesize(folder: Path) -> Path:
    """The layer's asset after a synth into the folder, as a process of its own would make it."""
    cdk.AssetStaging.clear_asset_hash_cache()
    with checked_assets(folder):
        app = cdk.App(outdir=str(folder), context={"aws:cdk:enable-asset-metadata": True})
        dependencies_layer(cdk.Stack(app, "packed"), "Layer", Settings(layer_platform="host"))
        [layer] = app.synth().get_stack_by_name("packed").template["Resources"].values()
    return folder / str(layer["Metadata"]["aws:asset:path"])


@pytest.fixture
def few_packages(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that pip fills, in place of which one small file is written: what it holds is not the question."""
    filled: list[Path] = []

    def install(command: list[str], **_: object) -> None:
        [target] = [word.removeprefix("--target=") for word in command if word.startswith("--target=")]
        Path(target).mkdir()
        (Path(target) / "package.py").write_text("the project's")
        filled.append(Path(target))

    monkeypatch.setattr(subprocess, "run", install)
    return filled


def _replace_bytes(layer: Path) -> None:
    (layer / "python" / "package.py").write_text("somebody else's")


def _add_file(layer: Path) -> None:
    (layer / "python" / "more.py").touch()


def _remove_file(layer: Path) -> None:
    (layer / "python" / "package.py").unlink()


def _make_writable(layer: Path) -> None:
    (layer / "python").chmod(0o777)


def _replace_folder(layer: Path) -> None:
    layer.rename(layer.with_name("old"))
    layer.symlink_to(layer.with_name("old"))


def _open_the_folder_above(layer: Path) -> None:
    # Then others could have changed the record as well.
    layer.parent.chmod(0o777)


@pytest.mark.parametrize(
    "attack", [_replace_bytes, _add_file, _remove_file, _make_writable, _replace_folder, _open_the_folder_above]
)
def test_a_layer_that_is_not_as_it_was_packed_is_packed_again(
    attack: Callable[[Path], None], few_packages: list[Path], tmp_path: Path
) -> None:
    """Another user's code would run with the functions' rights, on this machine and in AWS."""
    folder = tmp_path / "cdk.out"
    layer = _synthesize(folder)
    packed = content_hash(layer)
    _synthesize(folder)
    assert len(few_packages) == 1
    attack(layer)
    assert _synthesize(folder) == layer
    assert len(few_packages) == 2
    assert not layer.is_symlink()
    assert content_hash(layer) == packed
    assert (layer / "python" / "package.py").read_text() == "the project's"


def test_a_zip_of_an_earlier_deployment_is_not_taken_for_an_asset(few_packages: list[Path], tmp_path: Path) -> None:
    """The CDK CLI uploads what lies in its cache under an asset's name, whatever it holds."""
    assert not few_packages
    folder = tmp_path / "cdk.out"
    zipped = folder / ".cache" / f"{_synthesize(folder).name.removeprefix('asset.')}.zip"
    zipped.parent.mkdir()
    zipped.write_text("somebody else's")
    _synthesize(folder)
    assert not zipped.exists()


@pytest.mark.parametrize("umask", [0, 0o077])
@pytest.mark.usefixtures("few_packages")
def test_modes_do_not_depend_on_the_umask(umask: int, tmp_path: Path) -> None:
    """Others must not write what is deployed, and Lambda's user must be able to read it."""
    before = os.umask(umask)
    try:
        layer = _synthesize(tmp_path / "cdk.out")
    finally:
        os.umask(before)
    assert stat.S_IMODE(layer.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (layer, layer / "python")} == {0o755}
    assert stat.S_IMODE((layer / "python" / "package.py").stat().st_mode) == 0o644
