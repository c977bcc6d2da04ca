extends Node
## What LobbyError makes of closes.


func kind_of(code: int, reason: String) -> String:
	return LobbyError.Kind.find_key(LobbyError.from_close(code, reason).kind)


func text_of(code: int, reason: String) -> String:
	return LobbyError.from_close(code, reason).text()
