"""The manifests: of the form that the schemas demand, fit for the strictest security standard, and for the program."""

import subprocess
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml


def problems(folder, program):
    """Everything wrong with the manifests in `folder`, for people."""
    resources = [
        resource for path in sorted(folder.glob("*.yaml")) for resource in yaml.safe_load_all(path.read_text())
    ]
    found = [] if resources else [f"nothing in {folder}"]
    for resource in resources:
        try:
            kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{resource['kind']} {resource['metadata']['name']}: {error.message}")
        if pod := resource["spec"].get("template", {}).get("spec") if "spec" in resource else None:
            found += [f"{resource['kind']}: {problem}" for problem in pod_problems(pod, program)]
    return found + configuration_problems(resources, program)


def pod_problems(pod, program):
    found = []
    security = pod["securityContext"]
    if not security["runAsNonRoot"] or security["seccompProfile"]["type"] != "RuntimeDefault":
        found.append("the pod is not restricted")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    for container in pod["containers"]:
        own = container["securityContext"]
        is_restricted = not own["allowPrivilegeEscalation"] and own["readOnlyRootFilesystem"]
        if not is_restricted or own["capabilities"] != {"drop": ["ALL"]}:
            found.append(f"container {container['name']} is not restricted")
        if container["image"] != f"audience-exporter:{version}":
            found.append(f"image {container['image']} is not of version {version}")
        probes = [container[key]["exec"]["command"] for key in container if key.endswith("Probe")]
        commands = [container["args"], *(probe[1:] for probe in probes)]
        found += [problem for command in commands for problem in command_problems(command, program)]
    return found


def command_problems(command, program):
    """Whether the program knows the command: with --help it only says so."""
    done = subprocess.run([program, *command, "--help"], capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{command}: {done.stderr}"]


def configuration_problems(resources, program):
    """Whether the configuration is one, with the secrets that are mounted beside it."""
    by_kind = {resource["kind"]: resource for resource in resources}
    text = by_kind["ConfigMap"]["data"]["exporter.toml"]
    with tempfile.TemporaryDirectory() as folder:
        for name, secret in by_kind["Secret"]["stringData"].items():
            path = Path(folder, name)
            path.write_text(secret)
            path.chmod(0o600)
        text = text.replace("/run/secrets/audience-exporter/", f"{folder}/")
        text = text.replace("/var/lib/audience-exporter/", f"{folder}/")
        Path(folder, "exporter.toml").write_text(text)
        done = subprocess.run(
            [program, "check", "--offline", "--config", f"{folder}/exporter.toml"], capture_output=True, text=True
        )
    return [] if done.returncode == 0 and " 0 warnings" in done.stdout else [done.stdout + done.stderr]
