-- One room, which everybody is added to without asking.
local policy = {}
function policy.on_message(peer, message)
  local lobby = mount:find_lobby("den") or mount:create_lobby("den")
  lobby:add(peer, random.text(4))
  peer:send("in")
end
return policy
