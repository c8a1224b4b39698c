"""The Helm chart: what it makes is valid for Kubernetes, and is what it should be."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

HELM = Path(__file__).resolve().parents[2] / "deploy" / "helm"
PRODUCTION = HELM / "examples" / "production.yaml"
# What Kubernetes itself does not know, and its schemas do not tell of.
FOREIGN = {"ScaledObject": "keda.sh/v1alpha1", "ServiceMonitor": "monitoring.coreos.com/v1"}
RENDERED = sorted((HELM / "rendered").glob("*.yaml"))


def objects(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def of_kind(path: Path, kind: str) -> list[dict[str, Any]]:
    return [one for one in objects(path) if one["kind"] == kind]


def helm() -> str:
    found = shutil.which("helm", path=str(Path(sys.executable).parent)) or shutil.which("helm")
    if found is None:
        pytest.skip("there is no helm here: make chart")
    return found


def test_there_is_one_for_the_defaults_and_for_each_example():
    assert {path.stem for path in RENDERED} == {"default", *(path.stem for path in (HELM / "examples").glob("*.yaml"))}


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.stem)
def test_what_was_rendered_is_what_the_chart_makes_today(path):
    files = [str(one.relative_to(HELM)) for one in (HELM / "assetflow").rglob("*") if one.is_file()]
    names = sorted(files, key=lambda name: name.encode())
    names += [f"examples/{path.name}"] if path.stem != "default" else []
    lines = "".join(f"{hashlib.sha256((HELM / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    made_of = re.search(r"^# made of (\w+)$", path.read_text(), re.MULTILINE)
    assert made_of is not None
    assert made_of[1] == hashlib.sha256(lines.encode()).hexdigest(), "the chart has changed: make chart"


@pytest.mark.parametrize("version", ["1.27", "1.31", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.stem)
def test_kubernetes_takes_every_object(path, version):
    checked = 0
    for one in objects(path):
        if one["kind"] in FOREIGN:
            assert one["apiVersion"] == FOREIGN[one["kind"]]
            continue
        kubernetes_validate.validate(one, version, strict=True)
        checked += 1
    assert checked > 10


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.stem)
def test_pods_can_do_only_what_they_need(path):
    pods = [one["spec"]["template"]["spec"] for one in objects(path) if one["kind"] in ("Deployment", "Job")]
    assert len(pods) >= 5
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            written = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
            assert written == {"/var/lib/assetflow", "/tmp"}
            assert not [v for v in container["env"] if re.search("KEY|PASSWORD|SECRET|REDIS|DATABASE", v["name"])]


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.stem)
def test_labels_lead_from_everything_to_its_pods(path):
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind(path, "Deployment")]
    selectors = [one["spec"]["selector"] for one in of_kind(path, "Service")]
    selectors += [one["spec"]["selector"]["matchLabels"] for kind in ("Deployment", "PodDisruptionBudget")
                  for one in of_kind(path, kind)]  # fmt: skip
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in of_kind(path, "NetworkPolicy")]
    assert len(selectors) > 10
    for selector in selectors:
        assert any(selector.items() <= labels.items() for labels in pods), selector


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.stem)
def test_workers_are_given_the_time_to_end_and_go_one_at_a_time(path):
    workers = [one for one in of_kind(path, "Deployment") if "worker" in one["metadata"]["name"]]
    assert workers
    budgets = {one["metadata"]["name"]: one["spec"] for one in of_kind(path, "PodDisruptionBudget")}
    for worker in workers:
        pod = worker["spec"]["template"]["spec"]
        told = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
        needed = int(told["ASSETFLOW_DRAIN_SECONDS"]) + int(told["ASSETFLOW_GRACE_SECONDS"])
        assert pod["terminationGracePeriodSeconds"] >= needed + 10
        assert budgets[worker["metadata"]["name"]]["maxUnavailable"] == 1
        assert worker["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_nobody_speaks_to_workers_and_daemons():
    path = HELM / "rendered" / "default.yaml"
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind(path, "NetworkPolicy")}
    assert policies["assetflow"]["ingress"] == []
    assert policies["assetflow"]["policyTypes"] == ["Ingress", "Egress"]
    open_parts = {
        spec["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
        for spec in policies.values()
        if spec["ingress"]
    }
    assert open_parts == {"ui", "metrics"}


def test_each_scaled_object_scales_a_deployment_that_leaves_its_replicas_alone():
    path = HELM / "rendered" / "production.yaml"
    deployments = {one["metadata"]["name"]: one["spec"] for one in of_kind(path, "Deployment")}
    scaled = of_kind(path, "ScaledObject")
    assert {one["spec"]["scaleTargetRef"]["name"] for one in scaled} == {
        name for name in deployments if "-worker-" in name
    }
    for one in scaled:
        spec = one["spec"]
        assert "replicas" not in deployments[spec["scaleTargetRef"]["name"]]
        assert spec["minReplicaCount"] < spec["maxReplicaCount"]
        (trigger,) = spec["triggers"]
        assert trigger["type"] == "prometheus"
        assert set(trigger["metadata"]) == {"serverAddress", "query", "threshold", "ignoreNullValues"}


def test_numbers_that_do_not_come_take_no_workers_away(tmp_path):
    asked_of_prometheus = of_kind(HELM / "rendered" / "production.yaml", "ScaledObject")
    for one in asked_of_prometheus:
        (trigger,) = one["spec"]["triggers"]
        assert trigger["metadata"]["ignoreNullValues"] == "false", "an answer that is empty would be 0"
        assert "vector(0)" not in trigger["metadata"]["query"], "while Redis is away there would seem to be no work"
    for one in [*asked_of_prometheus, *of_kind(render(tmp_path, "--set", "keda.enabled=true"), "ScaledObject")]:
        assert one["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"


def test_ready_and_running_steps_are_added_up_when_the_metrics_service_is_asked(tmp_path):
    made = render(tmp_path, "--set", "keda.enabled=true")
    (scaled,) = of_kind(made, "ScaledObject")
    names = {trigger["name"] for trigger in scaled["spec"]["triggers"]}
    modifiers = scaled["spec"]["advanced"]["scalingModifiers"]
    assert set(modifiers["formula"].split(" + ")) == names == {"ready_0", "running_0"}
    assert modifiers["target"] == "2"
    services = {one["metadata"]["name"] for one in of_kind(made, "Service")}
    for trigger in scaled["spec"]["triggers"]:
        host = re.match(r"http://([\w-]+)\.\w+\.svc:9464/metrics$", trigger["metadata"]["url"])
        assert host is not None
        assert host[1] in services


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "ui.replicas=many"], "/ui/replicas"),
        (["--set", "uii.replicas=2"], "uii"),
        (["--set", "workers[0].name=Bad_Name", "--set", "workers[0].queues={q}"], "/workers/0/name"),
        (
            ["-f", str(HELM / "examples" / "production.yaml"), "--set", "keda.source=metrics"],
            "needs keda.source prometheus",
        ),
    ],
)
def test_values_that_make_no_sense_are_refused(options, message):
    done = subprocess.run(
        [helm(), "template", "x", str(HELM / "assetflow"), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert message in done.stderr


def test_the_chart_pleases_helm_and_makes_what_was_rendered(tmp_path):
    done = subprocess.run(
        [helm(), "lint", "--strict", str(HELM / "assetflow")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert objects(render(tmp_path)) == objects(HELM / "rendered" / "default.yaml")
    assert objects(render(tmp_path, "-f", str(PRODUCTION))) == objects(HELM / "rendered" / "production.yaml")


def test_parts_can_be_left_away(tmp_path):
    off = "daemon.enabled=false,ui.enabled=false,networkPolicy.enabled=false,podDisruptionBudget.enabled=false"
    made = render(tmp_path, "--set", f"{off},migration.enabled=false,metrics.enabled=false,serviceAccount.create=false")
    assert sorted(one["kind"] for one in objects(made)) == ["ConfigMap", "Deployment"]


def render(folder: Path, *options: str) -> Path:
    command = [helm(), "template", "assetflow", str(HELM / "assetflow"), "--namespace", "assetflow", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    path = folder / "made.yaml"
    path.write_text(done.stdout)
    return path
