-- Tells whoever connects what its token says; `join NAME` enters the lobby of this name.

local policy = {}

function policy.on_connect(peer)
  peer:send(json.encode(json.object("subject", peer.token_subject or json.null, "role", peer.token_role or json.null)))
end

function policy.on_message(peer, message)
  local name = message:text():match("^join (.*)$")
  if not name then return end
  local lobby = mount:find_lobby(name) or mount:create_lobby(name)
  lobby:add(peer, lobby:count() + 1)
  peer:send("in " .. lobby:name())
end

return policy
