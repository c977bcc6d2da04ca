class_name LobbyError
extends RefCounted
## Why a [LobbyClient] is no longer in a lobby.
##
## The relay says no by closing the connection, with code 4000 and a reason; [member kind] names it
## for programs, [method text] for players.

## What happened.
enum Kind {
	## [method LobbyClient.leave] was called.
	LEFT,
	## The host sealed the lobby and its time is over: everybody has found each other.
	SEAL_COMPLETE,
	## The host left, and with it the lobby.
	HOST_LEFT,
	## There is no lobby of this name, or no longer.
	NO_SUCH_LOBBY,
	## The lobby takes nobody any more.
	LOBBY_SEALED,
	## The lobby has as many members as it may (plugin [code]capacity[/code]).
	LOBBY_FULL,
	## Only the host may seal.
	NOT_HOST,
	## The relay has as many players as it may.
	TOO_MANY_PEERS,
	## The relay has as many lobbies as it may, or as many from this address.
	TOO_MANY_LOBBIES,
	## Whom a message was for has just left the lobby.
	INVALID_DESTINATION,
	## The relay waited in vain for the request to create or join a lobby.
	JOIN_TIMEOUT,
	## A second connection with the same secret took this one's place (plugin [code]resume[/code]).
	RESUMED_ELSEWHERE,
	## The relay did not understand a message.
	INVALID_MESSAGE,
	## Another refusal, in the words of the relay's operator: see [member reason].
	REFUSED,
	## Nobody answers at this address, or not as a relay does, or a plugin refused the handshake.
	CANNOT_CONNECT,
	## The connection broke and could not be made anew, or the place in the lobby is lost.
	CONNECTION_LOST,
}

const _KINDS := {
	"Seal complete": Kind.SEAL_COMPLETE,
	"Room host has disconnected": Kind.HOST_LEFT,
	"Lobby does not exists": Kind.NO_SUCH_LOBBY,
	"Lobby is sealed": Kind.LOBBY_SEALED,
	"The lobby is full": Kind.LOBBY_FULL,
	"Lobby is full": Kind.LOBBY_FULL,
	"Only host can seal the lobby": Kind.NOT_HOST,
	"Too many peers connected": Kind.TOO_MANY_PEERS,
	"Too many lobbies open, disconnecting": Kind.TOO_MANY_LOBBIES,
	"Too many lobbies from your address": Kind.TOO_MANY_LOBBIES,
	"Invalid destination": Kind.INVALID_DESTINATION,
	"Have not joined lobby yet": Kind.JOIN_TIMEOUT,
	"Resumed elsewhere": Kind.RESUMED_ELSEWHERE,
	"Already in a lobby": Kind.INVALID_MESSAGE,
	"Invalid command": Kind.INVALID_MESSAGE,
	"Invalid message format": Kind.INVALID_MESSAGE,
	"Invalid message when not in a lobby": Kind.INVALID_MESSAGE,
	"Invalid transfer mode, must be text": Kind.INVALID_MESSAGE,
}

const _TEXTS := {
	Kind.LEFT: "You left the lobby.",
	Kind.SEAL_COMPLETE: "The lobby is complete.",
	Kind.HOST_LEFT: "The host has left.",
	Kind.NO_SUCH_LOBBY: "There is no lobby with this code.",
	Kind.LOBBY_SEALED: "This lobby has begun without you.",
	Kind.LOBBY_FULL: "This lobby is full.",
	Kind.NOT_HOST: "Only the host may start.",
	Kind.TOO_MANY_PEERS: "The relay is full. Try again later.",
	Kind.TOO_MANY_LOBBIES: "There are too many lobbies. Try again later.",
	Kind.RESUMED_ELSEWHERE: "You have connected from elsewhere.",
	Kind.CANNOT_CONNECT: "The relay cannot be reached.",
	Kind.CONNECTION_LOST: "The connection to the relay is lost.",
}

## What happened.
var kind: Kind
## The close code of the WebSocket; -1 when there was none.
var code: int
## What the relay said, for a log.
var reason: String


func _init(its_kind: Kind, its_code := -1, its_reason := "") -> void:
	kind = its_kind
	code = its_code
	reason = its_reason


## What a close by the relay means.
static func from_close(close_code: int, close_reason: String) -> LobbyError:
	if _KINDS.has(close_reason):
		return LobbyError.new(_KINDS[close_reason], close_code, close_reason)
	var refused := close_code == 4000
	return LobbyError.new(
		Kind.REFUSED if refused else Kind.CONNECTION_LOST, close_code, close_reason
	)


## For players, in English. Translate by [member kind].
func text() -> String:
	if _TEXTS.has(kind):
		return _TEXTS[kind]
	return reason if reason else "The relay closed the connection."


func _to_string() -> String:
	return "%s (%d %s)" % [Kind.find_key(kind), code, reason]
