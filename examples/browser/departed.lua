-- What is on its way to a member who has just left is dropped. The Godot policy closes the sender's connection for it,
-- as the demo's server does: then whoever loads the page anew while others answer throws them out of their lobby.

local OFFER <const>, CANDIDATE <const> = 4, 6

local plugin = {}

function plugin.on_message(peer, message)
  local kind, id = message:integer("type", "id")
  local lobby = peer:lobby()
  return lobby and kind and id and kind >= OFFER and kind <= CANDIDATE and not lobby:member(id)
end

return plugin
