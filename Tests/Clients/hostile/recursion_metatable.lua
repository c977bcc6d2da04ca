-- Every missing member asks for another missing member.
local policy = {}

local proxy
proxy = setmetatable({}, { __index = function(_, name) return proxy[name .. "x"] end })

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    peer:send(proxy.missing)
  end
  peer:send(message:text())
end

return policy
