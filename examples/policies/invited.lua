-- Only invited guests may connect, each with a word of their own: wss://…/?name=ana&word=rose-tin-42. A plugin, for
-- any policy: on_upgrade sees the request before there is a connection.

local settings = relay.settings {
  guests = {}, -- each NAME:WORD, such as ana:rose-tin-42; without any nobody gets in
}

local words = {}

for _, guest in ipairs(settings.guests) do
  local name, word = guest:match("^([^:]+):(.+)$")
  words[assert(name, "a guest is NAME:WORD")] = word
end

local plugin = {}

function plugin.on_upgrade(request)
  local name, word = request:query("name") or "", request:query("word") or ""
  -- crypto.equal takes as long for a word that is nearly right: guessing letter by letter does not work.
  if not words[name] or not crypto.equal(words[name], word) then return request:refuse(403, "You are not invited\n") end
  -- An attribute of the peer to come: other plugins and the policy can read `peer.invited_name`.
  request:attach("invited_name", name)
end

-- Nobody is here twice: whoever connects again, perhaps because the first connection is dead, replaces it.
function plugin.on_connect(peer)
  for _, other in ipairs(mount:peers("invited_name", peer.invited_name)) do
    if other ~= peer then other:close(4000, "You have come again") end
  end
end

return plugin
