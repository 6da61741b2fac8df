"""A tab's connection to a kernel: Jupyter's own, and the recorder hears who is there and which cells are asked for."""

import json
from typing import Any

from jupyter_server.services.kernels.connection.base import deserialize_binary_message, deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from terraspawner_environment.recorder import Recorder

RECORDER = "terra_recorder"
"""Where the recorder stands in the settings of the web application."""
_V1 = "v1.kernel.websocket.jupyter.org"
_LONGEST_ID = 200


class RecordedConnection(ZMQChannelsWebsocketConnection):
    """See the module."""

    _protocol: Any = None
    _is_counted = False

    @property
    def _recorder(self) -> Recorder | None:
        found: Recorder | None = self.websocket_handler.settings.get(RECORDER)
        return found

    async def prepare(self) -> None:
        await super().prepare()
        if self._recorder is not None:
            self._recorder.listen(self.kernel_id)

    def connect(self) -> Any:
        self._protocol = self.websocket_handler.ws_connection
        runs = self._recorder.of(self.kernel_id) if self._recorder else None
        if runs is not None and not self._is_counted:
            self._is_counted = True
            runs.connected(self.session_id)
        return super().connect()

    def disconnect(self) -> None:
        runs = self._recorder.of(self.kernel_id) if self._recorder else None
        if runs is not None and self._is_counted:
            self._is_counted = False
            # a browser says goodbye when a page is closed or loaded anew; a line that breaks says nothing
            runs.disconnected(self.session_id, on_purpose=bool(getattr(self._protocol, "client_terminated", False)))
        super().disconnect()

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        runs = self._recorder.of(self.kernel_id) if self._recorder else None
        if runs is not None and self.channels:
            try:
                asked = asked_cell(incoming_msg, is_v1=self.subprotocol == _V1)
            except (ValueError, KeyError, TypeError, AttributeError, IndexError):
                asked = None  # Jupyter says what is wrong with it
            if asked is not None:
                runs.requested(self.session_id, *asked)
        super().handle_incoming_message(incoming_msg)


def asked_cell(incoming: Any, *, is_v1: bool) -> tuple[str, str, str] | None:
    """Message, cell and code of a request to run a cell; None for every other message."""
    if is_v1:
        channel, parts = deserialize_msg_from_ws_v1(incoming)
        if channel != "shell" or b"execute_request" not in parts[0]:
            return None
        header, metadata, content = json.loads(parts[0]), json.loads(parts[2]), json.loads(parts[3])
    else:
        message = deserialize_binary_message(incoming) if isinstance(incoming, bytes) else json.loads(incoming)
        header, metadata, content = message["header"], message["metadata"], message["content"]
    cell, message_id = metadata.get("cellId"), header["msg_id"]
    if header["msg_type"] != "execute_request" or content.get("silent") or not isinstance(cell, str):
        return None
    if not isinstance(message_id, str) or max(len(cell), len(message_id)) > _LONGEST_ID:
        return None
    return message_id, cell, str(content["code"])
