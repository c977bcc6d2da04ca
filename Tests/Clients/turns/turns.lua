-- Hooks that use up their budgets one after the other: no turn of the loop may run many of them.
local policy = { timers = {} }

local function burn()
  while true do end
end

function policy.on_message(peer, message)
  local text = message:text()
  if text == "burn" then burn() end
  if text == "work" then for _ = 1, 30000 do end end
  if text == "leave badly" then peer.leaves_badly = true end
  if text == "again" then peer:after(0, "again") end
  if text == "tick" then peer:after(0.1, "tick") end
  peer:send(text)
end

function policy.on_disconnect(peer)
  if peer.leaves_badly then burn() end
end

function policy.timers.again(peer)
  peer:after(0, "again")
end

function policy.timers.tick(peer)
  peer:send("tick")
  peer:after(0.1, "tick")
end

return policy
