"""The buckets of an object store as remotes: one configuration for all of them, a folder of the store for each."""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.domain import mount_words
from terraspawner.host.bucket_mounts import arguments, cache
from terraspawner.host.bucket_mounts.keeper import Keeper, Remote
from terraspawner.host.bucket_mounts.places import Places, left_mounted
from terraspawner.host.bucket_mounts.rclone import Rclone
from terraspawner.host.bucket_mounts.site import Site
from terraspawner.storage.addresses import Address
from terraspawner.storage.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Of the store at `address`."""

    site: Site
    address: Address
    options: Options

    def write_configuration(self) -> None:
        """Raises `SettingsWrong`."""
        self.site.write_configuration("rclone", arguments.configuration(self.address.store, self.options))

    def prepare(self, workspace_id: str) -> None:
        self._places(workspace_id).make_shown()

    def forget(self, workspace_id: str) -> None:
        self._places(workspace_id).remove()
        cache.forget(self.site.cache, workspace_id)

    def keeper(self, workspace_id: str) -> Keeper:
        """Of the bucket of this workspace."""
        places, place = self._places(workspace_id), arguments.where(self.address.place_of(workspace_id))
        remote = Remote(
            start=lambda: self._started(workspace_id),
            places=places,
            mounts=(
                arguments.data_request(place, places.data_point, self.site.cache_bytes),
                arguments.notebooks_request(place, places.notebooks_point),
            ),
            question=arguments.question(place),
            data=arguments.file_system(place),
            words=mount_words.OF_BUCKET,
        )
        return self.site.keeper(f"bucket of {workspace_id}", remote)

    def first_wanted(self) -> frozenset[str]:
        """What an earlier life of this process left: mounts that environments may have, now dead, and unsent files."""
        return left_mounted(self.site.shared) | cache.with_unsent(self.site.cache)

    def _places(self, workspace_id: str) -> Places:
        return Places(self.site.shared, self.site.points, workspace_id)

    async def _started(self, workspace_id: str) -> Rclone:
        secrets = [value for value in self.options.values.values() if value]
        kept, timeout = self.site.cache / workspace_id, arguments.timeout_of(self.address.store)
        return await self.site.started(workspace_id, kept, "rclone", secrets, timeout)
