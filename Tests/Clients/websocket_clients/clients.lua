-- Says back what it hears; closes as it is told to; remembers how the last connection ended.
local policy = {}

function policy.on_upgrade(request)
  if request:offers("echo.v2") then request:choose("echo.v2") end
end

function policy.on_message(peer, message)
  local text = message:text()
  if text == "close" then return peer:close() end
  if text == "close 4001" then return peer:close(4001, "Time is up: é 漢字") end
  if text == "ended" then return peer:send(mount.ended or "") end
  message:forward(peer)
end

function policy.on_disconnect(_, code, reason)
  mount.ended = ("%d %s"):format(code, reason)
end

return policy
