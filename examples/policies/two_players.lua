-- At most two in a lobby. A plugin, for any policy: on_join is asked before somebody becomes a member, and a text
-- that it returns refuses. Each policy says that in its own protocol's words.

local settings = relay.settings {
  players = 2,
}

local plugin = {}

function plugin.on_join(peer, lobby)
  if lobby:count() >= settings.players then return "Lobby is full" end
end

return plugin
