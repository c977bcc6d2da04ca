-- Counts each peer's messages in an attribute, which the relay owns. A plugin to measure.

local plugin = {}

function plugin.on_message(peer)
  peer.tally_messages = (peer.tally_messages or 0) + 1
end

return plugin
