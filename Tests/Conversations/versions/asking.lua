-- One room, which everybody is added to who is admitted.
local policy = {}
function policy.on_message(peer, message)
  local lobby = mount:find_lobby("den") or mount:create_lobby("den")
  local admitted, reason = lobby:admits(peer)
  if not admitted then return peer:close(4000, reason) end
  lobby:add(peer, random.text(4))
  peer:send("in")
end
return policy
