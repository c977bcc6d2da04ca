-- An error in every hook. The third peer to connect is refused by one.
local policy = {}
local connections = 0

function policy.on_connect(peer)
  connections = connections + 1
  if connections == 3 then
    peer:send("an effect that must be lost")
    error("on_connect fails")
  end
end

function policy.on_message(peer, message)
  local text = message:text()
  if text == "timer" then return peer:after(0.02, "failing") end
  if text == "go" then
    peer:send("an effect that must be lost")
    error("on_message fails")
  end
  if text == "go with a table" then error({ message = "not a string" }) end
  if text == "go with nil" then error() end
  if text == "go wrong" then return text + 1 end
  peer:send(text)
end

function policy.on_disconnect(peer)
  peer:send("too late anyway")
  error("on_disconnect fails")
end

policy.timers = {}

function policy.timers.failing(peer)
  peer:send("an effect that must be lost")
  error("the timer fails")
end

return policy
