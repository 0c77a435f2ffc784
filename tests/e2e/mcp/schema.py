"""Checks recorded messages against the types that the protocol's authors make from its schema.

Each line of the file is {"version", "theirs", "message"}. Prints how many messages were checked.
"""

import json
import sys

from mcp_types import jsonrpc, methods


def check(version, theirs, message, asked):
    if "method" in message:
        params = message.get("params")
        if theirs:
            # The server asks for nothing here.
            assert "id" not in message, message
            methods.parse_server_notification(message["method"], version, params)
        elif "id" in message:
            asked[message["id"]] = message["method"]
            if message["method"] in methods.SPEC_CLIENT_METHODS and params.get("name") != "none":
                methods.validate_client_request(message["method"], version, params)
        else:
            methods.validate_client_notification(message["method"], version, params)
        return
    if "error" in message:
        jsonrpc.JSONRPCError.model_validate(message)
        return
    jsonrpc.JSONRPCResponse.model_validate(message)
    methods.validate_server_result(asked[message["id"]], version, message["result"])


def main():
    checked = 0
    asked = {}
    with open(sys.argv[1]) as lines:
        for line in lines:
            entry = json.loads(line)
            version = entry["version"]
            try:
                check(version, entry["theirs"], entry["message"], asked.setdefault(version, {}))
            except Exception as error:
                sys.exit(f"{version}: {json.dumps(entry['message'])[:2000]}\n{error}")
            checked += 1
    print(checked)


main()
