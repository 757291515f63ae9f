"""What is packed for Lambda, without Docker: the code as it stands in the checkout, and a layer of what it needs."""

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.settings import Settings

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements-lambda.txt"
# The platform tags of the wheels that each of Lambda's architectures loads (PEP 600): Python 3.12 and later run on
# Amazon Linux 2023, which has glibc 2.34.
WHEELS = {
    architecture: [f"{system}_{processor}" for system in ("manylinux_2_28", "manylinux_2_27", "manylinux2014")]
    for architecture, processor in {"arm64": "aarch64", "x86_64": "x86_64"}.items()
}


def runtime(settings: Settings) -> lambda_.Runtime:
    """The functions' Python."""
    return lambda_.Runtime(settings.lambda_runtime, lambda_.RuntimeFamily.PYTHON)


def acknowledge_runtime(function: lambda_.Function) -> None:
    """cdk-nag asks for the newest Python that CDK knows of."""
    reason = (
        "The runtime is a setting, lambda_runtime, so that it moves only together with the tested wheels of the layer; "
        "every value it allows is one that Lambda supports."
    )
    acknowledge(
        function,
        {"AwsSolutions::AwsSolutions-L1": reason, "Serverless::Serverless-LambdaLatestVersion": reason},
    )


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
        "lambdas/adapters/aws/__init__.py",
        "lambdas/adapters/aws/clients.py",
        "lambdas/adapters/aws/custom_resource.py",
        "lambdas/adapters/aws/stacks.py",
        "lambdas/adapters/aws/versioned_buckets.py",
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
        if settings.layer_platform == "host":
            self._target: list[str] = []
            self._platform = [sys.platform, platform.machine(), platform.python_version()]
        else:
            python = settings.lambda_runtime.removeprefix("python")
            platforms = [f"--platform={tag}" for tag in WHEELS[settings.lambda_architecture]]
            self._target = [*platforms, f"--python-version={python}"]
            self._platform = self._target

    def digest(self) -> str:
        """Changes when the layer's content would."""
        return hashlib.sha256("\0".join([REQUIREMENTS.read_text(), *self._platform]).encode()).hexdigest()

    def try_bundle(self, output_dir: str, *_args: Any, **_options: Any) -> bool:
        """Called by CDK: fills the layer's folder; raises CalledProcessError, after pip's own words, if that fails."""
        # CDK opens it to everybody, for containers with other users.
        Path(output_dir).chmod(0o755)
        packages = Path(output_dir) / "python"
        command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
        wheels = ["--only-binary=:all:", "--require-hashes", "--no-deps", "--no-compile", *self._target]
        paths = [f"--requirement={REQUIREMENTS}", f"--target={packages}"]
        subprocess.run([*command, *wheels, *paths], check=True)  # noqa: S603 - a fixed command
        shutil.rmtree(packages / "bin", ignore_errors=True)  # console scripts that name this machine's Python
        return True
