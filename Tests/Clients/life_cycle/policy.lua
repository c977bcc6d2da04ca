-- Lobbies to talk in: `join NAME`, `leave`, `spin`; anything else goes to everybody in the lobby, or back.
local policy = {}

function policy.on_message(peer, message)
  local text = message:text()
  local name = text:match("^join (.*)$")
  if name then
    local lobby = mount:find_lobby(name) or mount:create_lobby(name)
    lobby:add(peer, random.uuid())
    return peer:send("joined")
  end
  while text == "spin" do end
  local lobby = peer:lobby()
  if not lobby then return peer:send(text) end
  if text == "leave" then return lobby:remove(peer) end
  lobby:broadcast(text)
end

function policy.on_drain(seconds)
  for _, lobby in ipairs(mount:lobbies()) do lobby:broadcast("drain " .. seconds) end
end

return policy
