-- A policy that lists its lobbies itself, through the plugin `lobby_list`: {"join":"den","map":"desert","seats":2}
-- joins a lobby, and for whoever creates it says what is to be told of it and how many it seats.

local policy = {}

function policy.on_message(peer, message)
  local name = message:string("join")
  if not name or peer:lobby() then return end
  local lobby = mount:find_lobby(name)
  local is_new = not lobby
  lobby = lobby or mount:create_lobby(name)
  lobby:add(peer, lobby:count() + 1)
  if is_new then
    lobby.lobby_list_public = true
    lobby.lobby_list_meta = json.encode { map = message:string("map") or "any" }
    lobby.capacity = message:integer("seats")
  end
  peer:send('{"joined":true}')
end

return policy
