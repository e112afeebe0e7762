"""Models that are at hand by name: those that come with the package, and those that were imported.

Imported bundles lie as they are in a folder: ``$MAMMO_MODELS``, or ``mammo_plugins/models`` in the user's cache folder.
A machine without network gets a model by a copy of its zip. Unpacked models lie beside them by digest.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.compat.config_paths import resource_roots
from mammo_plugins.compat.downloads import require_reachable
from mammo_plugins.io.model_bundle import (
    CONFIG,
    METADATA,
    THRESHOLDS,
    WEIGHTS,
    BundleError,
    bundle_digest,
    check_bundle_folder,
    read_bundle_file,
    unpack_bundle,
)

from .about import require_names

DEFAULT_MODEL = 'mm3d-phantoms'

_SHIPPED = 'projects/*/model/*.zip'
_UNPACKED = '.unpacked'
_URL_SCHEMES = ('http://', 'https://')


@dataclass(frozen=True)
class Bundle:
    """A model in one file.

    Attributes:
        path: the zip.
        digest: of the model.
        metadata: its ``metadata.json``.
        shipped: whether it comes with the package.
    """

    path: Path
    digest: str
    metadata: Mapping[str, Any]
    shipped: bool = False

    @property
    def name(self) -> str:
        """What it is called."""
        return self.metadata['name']

    def thresholds(self) -> list[dict[str, Any]]:
        """Its operating points, see :class:`~.operating_points.OperatingPoint`."""
        return json.loads(read_bundle_file(self.path, THRESHOLDS))['thresholds']

    def threshold_images(self) -> set[str]:
        """Digests of the images that its operating points were chosen on; of a bundle that knows of none, empty."""
        return set(json.loads(read_bundle_file(self.path, THRESHOLDS)).get('images', ()))

    def points_at(
        self, fp_per_volume: float, protocols: Sequence[str], targets: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """The operating points of some protocols, one each, see :class:`~.operating_points.OperatingPoint`.

        Args:
            fp_per_volume: false positives a volume that were allowed where the scores were chosen.
            protocols: names.
            targets: the findings that were to be found; None for the protocols' own.

        Raises:
            BundleError: the model has none for any of them.
        """
        points, wanted = self.thresholds(), None if targets is None else sorted(targets)
        found = [
            point
            for point in points
            if point['fp_per_volume'] == fp_per_volume
            and point['protocol'] in protocols
            and point.get('targets') == wanted
        ]
        if not found:
            of = f' on {", ".join(wanted)}' if wanted else ''
            raise BundleError(
                f'model {self.name} has no threshold for {fp_per_volume:g} false positives a volume by '
                f'{" or ".join(protocols)}{of}: it has {", ".join(map(_point_text, points)) or "none"}; '
                'see --threshold-fp, --protocol and --targets'
            )
        return found

    def scores_at(
        self, fp_per_volume: float, protocols: Sequence[str], targets: Sequence[str] | None = None
    ) -> dict[str, float]:
        """Protocol to the score from which on a finding counts, see :meth:`points_at`."""
        return {
            point['protocol']: float('inf') if point['score'] is None else point['score']
            for point in self.points_at(fp_per_volume, protocols, targets)
        }


def _point_text(point: dict[str, Any]) -> str:
    how = [point['protocol'], *(point.get('targets') or [])]
    return f'{point["fp_per_volume"]:g} ({", ".join(how)})'


@dataclass(frozen=True)
class UnpackedModel:
    """A bundle whose every byte was checked, ready to be built.

    Attributes:
        bundle: where it is from.
        config, checkpoint: its files.
    """

    bundle: Bundle
    config: Path
    checkpoint: Path


def models_folder() -> Path:
    """Where imported bundles lie."""
    named = os.environ.get('MAMMO_MODELS')
    cache = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(named).expanduser() if named else Path(cache) / 'mammo_plugins' / 'models'


def list_bundles() -> list[Bundle]:
    """The models at hand: of several with one name and version, the imported one; in order of name and version.

    What cannot be read in the folder is left out; naming it says why.
    """
    found: dict[tuple[str, str], Bundle] = {}
    for path, shipped in _zips():
        try:
            bundle = read_bundle(path, shipped)
        except BundleError:
            continue
        found[bundle.name, bundle.metadata['version']] = bundle
    return [found[key] for key in sorted(found, key=lambda key: (key[0], _version_order(key[1])))]


def read_bundle(path: str | Path, shipped: bool = False) -> Bundle:
    """What a zip says about itself; its weights are not looked at.

    Raises:
        BundleError: it is no bundle.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    content = read_bundle_file(path, METADATA)
    try:
        metadata = json.loads(content)
        require_names(metadata['name'], metadata['version'])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f'{path}: {METADATA} names no model and version: {error}') from error
    return Bundle(path, bundle_digest(path), metadata, shipped)


def find_bundle(model: str | Path) -> Bundle:
    """A model by the path of its zip, or by name; of several versions, the latest. ``NAME@VERSION`` is one of them.

    Raises:
        FileNotFoundError: there is no such model; the message lists those at hand.
        BundleError: the file is no bundle.
    """
    asked = os.fspath(model)
    if Path(asked).expanduser().is_file():
        return read_bundle(Path(asked).expanduser())
    name, _, version = asked.partition('@')
    bundles = list_bundles()
    named = [one for one in bundles if one.name == name and version in ('', one.metadata['version'])]
    if named:
        return named[-1]
    names = sorted({one.name for one in bundles})
    close = difflib.get_close_matches(name, names, n=3)
    hint = f'did you mean {" or ".join(close)}?' if close else f'at hand are {", ".join(names) or "none"}'
    raise FileNotFoundError(f'no model {asked!r}: it is no file, and {hint}; see "mammo model list"')


def unpack_model(bundle: Bundle) -> UnpackedModel:
    """Unpacks a model unless that was done, and checks every byte.

    Raises:
        BundleError: a byte has changed.
    """
    folder = _unpacked_folder() / bundle.digest[:16]
    if folder.exists():
        try:
            check_bundle_folder(folder)
        except BundleError:
            shutil.rmtree(folder)  # the zip still has what was exported
    if not folder.exists():
        unpack_bundle(bundle.path, folder)
    if check_bundle_folder(folder) != bundle.digest:
        raise BundleError(f'{folder} does not hold {bundle.path}: remove the folder')
    return UnpackedModel(bundle, folder / CONFIG, folder / WEIGHTS)


def import_bundle(source: str | Path) -> Bundle:
    """Copies a bundle to the folder of models after a check of every byte, so that it can be called by name.

    Args:
        source: path of a zip, or its web address.

    Raises:
        BundleError: it is no bundle, or another model has its name and version.
        OSError: it does not exist, or its server does not answer.
    """
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.import.', dir=folder) as scratch:
        copy = Path(scratch) / 'model.zip'
        _fetch(source, copy)
        unpack_bundle(copy, Path(scratch) / 'checked')
        bundle = read_bundle(copy)
        target = folder / f'{bundle.name}-{bundle.metadata["version"]}.zip'
        if target.exists() and bundle_digest(target) != bundle.digest:
            raise BundleError(
                f'{target.name} is there with other content: remove {target}, or export the model with a version of '
                'its own'
            )
        copy.replace(target)
    return read_bundle(target)


def _zips() -> Iterator[tuple[Path, bool]]:
    """Shipped ones first."""
    for root in resource_roots():
        yield from ((path, True) for path in sorted(root.glob(_SHIPPED)))
    yield from ((path, False) for path in sorted(models_folder().glob('*.zip')))


def _version_order(version: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in version.split('.')]


def _unpacked_folder() -> Path:
    """Beside the imported models; below the temporary folder where nothing can be written there."""
    folder = models_folder() / _UNPACKED
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    folder = Path(tempfile.gettempdir()) / f'mammo_plugins_{os.getuid()}' / 'models'
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _fetch(source: str | Path, target: Path) -> None:
    address = os.fspath(source)
    if not address.startswith(_URL_SCHEMES):
        path = Path(address).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f'no model bundle {path}')
        shutil.copyfile(path, target)
        return
    import urllib.request

    require_reachable(
        address,
        f'the files of {Path(address).name}',
        f'download {address} on a machine with network, and import the file',
    )
    with urllib.request.urlopen(address) as response, target.open('wb') as file:
        shutil.copyfileobj(response, file)
