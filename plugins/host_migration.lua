-- A lobby outlives its host: when the host leaves, the role goes to whoever has been a member for longest.
--
-- It works with policies that keep the host's id in `lobby.host`. `lobby.host_term` says how often the role has been
-- handed on: of two notices the one with the higher term counts. Ids stay as they are.

local settings = relay.settings {
  -- What the members hear, and later those who join: $id is the new host's id, $term the number of hosts before it.
  -- The default is a message of the Godot demo's form, of a type that the demo does not use.
  notice = '{"type":8,"id":$id,"data":"$term"}',
}

local plugin = { timers = {} }

local function notice(lobby)
  local values = { id = tostring(lobby.host), term = tostring(lobby.host_term) }
  return (settings.notice:gsub("%$(%a+)", values))
end

-- The longest-standing other member, one that is connected before one that a plugin keeps without a connection.
local function successor(lobby, host)
  local absent
  for _, member in ipairs(lobby:members()) do
    if member ~= host and member:is_open() then
      if not member:is_kept() then return member end
      absent = absent or member
    end
  end
  return absent
end

function plugin.on_disconnect(peer)
  for _, lobby in ipairs(peer:lobbies()) do
    local heir = lobby.host and lobby.host == lobby:id_of(peer) and successor(lobby, peer)
    if heir then
      lobby.host = lobby:id_of(heir)
      lobby.host_term = (lobby.host_term or 0) + 1
      if settings.notice ~= "" then lobby:broadcast(notice(lobby)) end
    end
  end
end

-- Newcomers are told when the policy has told them its own: on_join is asked before.
function plugin.on_join(peer, lobby)
  if lobby.host_term and settings.notice ~= "" then peer:after(0, "joined") end
end

function plugin.timers.joined(peer)
  for _, lobby in ipairs(peer:lobbies()) do
    if lobby.host_term then peer:send(notice(lobby)) end
  end
end

return plugin
