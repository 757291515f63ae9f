"""What is packed for Lambda, without Docker: the code as it stands in the checkout, and the layer of its dependencies."""

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.settings import Settings

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements-lambda.txt"
# The platform tag of the wheels that each of Lambda's architectures loads (PEP 599).
WHEELS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}


def runtime(settings: Settings) -> lambda_.Runtime:
    """The functions' Python."""
    return lambda_.Runtime(settings.lambda_runtime, lambda_.RuntimeFamily.PYTHON)


def architecture(settings: Settings) -> lambda_.Architecture:
    """The functions' processor."""
    return {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}[settings.lambda_architecture]


def pipeline_code() -> lambda_.Code:
    """The whole package `lambdas`."""
    return _packed("lambdas/**")


def emptier_code() -> lambda_.Code:
    """The bucket emptier alone, so that the data stack does not change with the pipeline's code."""
    return _packed(
        "lambdas/__init__.py",
        "lambdas/adapters/__init__.py",
        "lambdas/adapters/bucket_emptying.py",
        "lambdas/handlers/__init__.py",
        "lambdas/handlers/empty_bucket.py",
    )


def _packed(*patterns: str) -> lambda_.Code:
    folders = {f"!{parent}" for pattern in patterns for parent in Path(pattern).parents if parent != Path()}
    return lambda_.Code.from_asset(
        str(ROOT),
        # As in .gitignore: all is left out but the folders and files named; the last pattern that fits decides.
        exclude=["*", *sorted(folders), *(f"!{pattern}" for pattern in patterns), "**/__pycache__"],
        ignore_mode=cdk.IgnoreMode.GIT,
    )


def dependencies_layer(scope: Construct, construct_id: str, settings: Settings) -> lambda_.LayerVersion:
    """The locked dependencies, `requirements-lambda.txt`; unchanged ones are not packed again."""
    wheels = _Wheels(settings)
    return lambda_.LayerVersion(
        scope,
        construct_id,
        description="The functions' locked Python dependencies",
        compatible_runtimes=[runtime(settings)],
        compatible_architectures=[architecture(settings)],
        code=lambda_.Code.from_asset(
            str(ROOT),
            asset_hash_type=cdk.AssetHashType.CUSTOM,
            asset_hash=wheels.digest(),
            # The image is never pulled: the local bundling either succeeds or raises.
            bundling=cdk.BundlingOptions(image=cdk.DockerImage.from_registry("none"), local=wheels),
        ),
    )


@jsii.implements(cdk.ILocalBundling)
class _Wheels:
    """Installs the wheels with the same pip that installed this project."""

    def __init__(self, settings: Settings) -> None:
        self._target = (
            ["--only-binary=:all:"]
            if settings.layer_platform == "host"
            else [
                "--only-binary=:all:",
                f"--platform={WHEELS[settings.lambda_architecture]}",
                f"--python-version={settings.lambda_runtime.removeprefix('python')}",
                "--implementation=cp",
            ]
        )
        self._host = (
            [sys.platform, platform.machine(), sys.version] if settings.layer_platform == "host" else []
        )

    def digest(self) -> str:
        """Changes when the layer's content would."""
        parts = [REQUIREMENTS.read_text(), *self._target, *self._host]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def try_bundle(self, output_dir: str, *_args: Any, **_options: Any) -> bool:
        """Called by CDK: fills the layer's folder; raises CalledProcessError where pip fails, with pip's words on stderr."""
        subprocess.run(  # noqa: S603 - a fixed command and paths of this checkout
            [
                sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                "--no-deps", "--no-compile", "--require-hashes", *self._target,
                f"--requirement={REQUIREMENTS}", f"--target={Path(output_dir) / 'python'}",
            ],  # fmt: skip
            check=True,
            env={**os.environ, "PIP_NO_INPUT": "1"},
        )
        return True
