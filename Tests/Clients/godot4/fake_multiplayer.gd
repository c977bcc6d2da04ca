extends LobbyMultiplayer
## The addon's multiplayer, with connections that need no extension.

const FakeConnection := preload("fake_connection.gd")


func _new_connection() -> WebRTCPeerConnection:
	return FakeConnection.new()


## What all connections so far were given as ICE servers.
func given_ice_servers() -> Array:
	return FakeConnection.configurations.map(func(given: Dictionary): return given["iceServers"])
