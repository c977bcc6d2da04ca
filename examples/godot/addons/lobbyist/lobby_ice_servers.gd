class_name LobbyIceServers
extends HTTPRequest
## Asks a relay with the plugin [code]turn[/code] for its ICE servers, whose credentials expire.

## Whoever waits for a lobby should not wait longer for this.
const TIMEOUT_SECONDS := 3.0
## Where the plugin answers, behind the path of the relay's address.
const PATH := "/ice"


func _init() -> void:
	timeout = TIMEOUT_SECONDS
	process_mode = Node.PROCESS_MODE_ALWAYS


## The address at which the relay of this WebSocket address tells its ICE servers.
static func address(relay_url: String) -> String:
	var place := relay_url.get_slice("?", 0).trim_suffix("/")
	return place.replace("wss://", "https://").replace("ws://", "http://") + PATH


## The servers, as [method WebRTCPeerConnection.initialize] takes them in [code]iceServers[/code];
## none where the relay has none. Takes one request at a time. Use it with [code]await[/code].
func fetch(relay_url: String) -> Array:
	if request(address(relay_url)) != OK:
		return []
	var answer: Array = await request_completed
	var result: int = answer[0]
	var status: int = answer[1]
	var body: PackedByteArray = answer[3]
	if result != RESULT_SUCCESS or status != 200:
		return []
	var json := JSON.new()
	if json.parse(body.get_string_from_utf8()) != OK or not json.data is Dictionary:
		return []
	var servers: Variant = (json.data as Dictionary).get("iceServers")
	return servers if servers is Array else []
