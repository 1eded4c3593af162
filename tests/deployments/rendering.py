"""Everything that `config` can print, written into one folder for each combination of its options."""

import os
from pathlib import Path

import yaml
from report import check, failure, run

# Folders in a container. A colon is refused.
MOUNT_PATHS = [
    "/milvus/it's \"a\" $(touch pwned) #x {y}",
    "/milvus/back\\slash %s `touch pwned` ${x} $x $$x",
    "/milvus/{{ sni }} {% if %} #% endif",
    "/milvus/&a *b !c |> @d - e, f",
    "/milvus/\u00fcn\u00ef \u6f22\u5b57 \U0001f600 \u00a0 \u2028 \u2029",
    "/milvus/-dash #",
]

PLATFORMS = ("compose", "standalone", "operator", "helm")


class Rendering:
    """The files of one combination of options."""

    def __init__(self, target, options, certificates):
        self.target = target
        self.options = options
        self.certificates = Path(certificates)
        self.name = " ".join([target, *options])
        self.folder = Path("rendered", self.name.replace("--", "").replace(" ", "-"))

    def files(self):
        """What was rendered, without what is somebody's: Compose's file, and what standalone_embed.sh makes."""
        theirs = ["docker-compose.yaml", "embedEtcd.yaml", *(["user.yaml"] if self.target == "standalone" else [])]
        return sorted(path for path in self.folder.glob("*.yaml") if path.name not in theirs)

    def documents(self):
        """What PyYAML reads, by file name."""
        return {path.name: [d for d in yaml.safe_load_all(path.read_bytes())] for path in self.files()}

    def arguments(self):
        return ["config", self.target, *self.options, "-d", self.certificates]

    def platform(self):
        return "helm" if "helm" in self.name else "operator"

    def check_with(self, program, names, folder=None, input=None):
        """`check --strict` on these files, from the folder where they are."""
        folder = folder or self.folder
        configs = [word for name in names for word in ("--config", name)]
        certificates = os.path.relpath(self.certificates, folder)
        extra = {} if input is None else {"input": input}
        return run(program, "check", "--strict", "-d", certificates, *configs, cwd=folder, **extra)


def combinations():
    tls = [[f"--tls-mode={mode}", *internal] for mode in (1, 2) for internal in ([], ["--internal"])]
    with_cluster = [[*options, *cluster] for options in tls for cluster in ([], ["--cluster"])]
    yield from (("milvus", options) for options in tls)
    yield from (("compose", options) for options in tls)
    yield from (("standalone", options) for options in tls)
    yield from (("operator", options) for options in with_cluster)
    yield from (("helm", options) for options in with_cluster)
    for platform in ("operator", "helm"):
        yield from (("cert-manager", [f"--for={platform}", *options]) for options in with_cluster)
    yield from (("secret", [f"--type={kind}"]) for kind in ("opaque", "tls"))


def render_all(program):
    """Every combination, in the order of `combinations`."""
    problems = []
    for platform in PLATFORMS:
        made = run(program, "gen", "--quiet", "-d", f"certs-{platform}", "--for", platform)
        problems += [] if made.returncode == 0 else [failure(f"gen --for {platform}", made)]
    check("gen makes certificates for Compose, standalone_embed.sh, the operator and Helm", problems)

    renderings, problems, noise = [], [], []
    for target, options in combinations():
        platform = target if target in ("compose", "standalone") else "compose" if target == "milvus" else "operator"
        rendering = Rendering(target, options, f"certs-{platform}")
        if rendering.platform() == "helm":
            rendering.certificates = Path("certs-helm")
        if target == "standalone":
            # As standalone_embed.sh leaves it.
            rendering.folder.mkdir(parents=True)
            (rendering.folder / "embedEtcd.yaml").touch()
        done = run(program, *rendering.arguments(), "--out", rendering.folder)
        problems += [] if done.returncode == 0 else [failure(rendering.name, done)]
        # What Helm does with the user's own values, and who runs Milvus, is nothing of the certificates.
        others = ("of the last values alone", "as whom Milvus runs in the container is not known")
        remarks = [line for line in done.stderr.splitlines() if not any(other in line for other in others)]
        noise += [f"{rendering.name}: {remark}" for remark in remarks]
        renderings.append(rendering)
    check(f"config writes files for {len(renderings)} combinations of target and options", problems)
    check("and has nothing to remark on certificates that gen made for the platform", noise)
    return renderings
