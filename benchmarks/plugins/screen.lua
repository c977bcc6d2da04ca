-- Looks into every message: who says that its type is "forbidden" is closed. A plugin to measure.

local plugin = {}

function plugin.on_message(peer, message)
  if message:string("type") == "forbidden" then return peer:close(4000, "Forbidden") end
end

return plugin
