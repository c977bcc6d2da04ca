-- A plugin that keeps every peer that has lost its connection.
local plugin = {}

function plugin.on_disconnect(peer)
  local is_kept = peer:keep(60)
  relay.log("info", is_kept and "kept a peer" or "too many are kept")
  return is_kept
end

return plugin
