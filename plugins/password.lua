-- Whoever creates a lobby may give it a password, by connecting with `?password=…`; others need the same to join.
--
-- The relay keeps a salted hash of it: lobby.password_salt and lobby.password_hash. The password of a lobby never
-- changes, also when the lobby is empty for a while; lobby.password_open marks one that was created without.

local settings = relay.settings {
  required = false,      -- whether a lobby must have a password
  wrong_per_minute = 10, -- wrong passwords from one address (IPv6: one /64); 0: any number
}

assert(settings.wrong_per_minute >= 0, "wrong_per_minute is 0 or more")

local SALT_BYTES <const> = 16

local wrong = require("shared.guesses").new(settings.wrong_per_minute)

local plugin = {}

local function hash(salt, digest)
  return crypto.base64_encode(crypto.hmac_sha256(salt, digest))
end

function plugin.on_upgrade(request)
  local password = request:query("password") or ""
  if password == "" then return end
  -- Its hash will do, and fits whatever its length.
  request:attach("password_digest", crypto.base64_encode(crypto.sha256(password)))
end

local function create(lobby, digest)
  if digest then
    lobby.password_salt = crypto.base64_encode(random.bytes(SALT_BYTES))
    lobby.password_hash = hash(lobby.password_salt, digest)
  elseif settings.required then
    return "A new lobby needs a password"
  else
    lobby.password_open = true
  end
end

function plugin.on_join(peer, lobby)
  local digest, expected = peer.password_digest, lobby.password_hash
  if not expected then
    if lobby:count() > 0 or lobby.password_open then return end
    return create(lobby, digest)
  end
  if wrong:are_spent(peer:address()) then return "Too many wrong passwords" end
  if not digest then return "This lobby has a password" end
  if crypto.equal(hash(lobby.password_salt, digest), expected) then return end
  -- To ask again about the lobby, which its salt tells from all others, is no second guess.
  if peer.password_tried ~= lobby.password_salt then
    wrong:add(peer:address())
    peer.password_tried = lobby.password_salt
  end
  return "Wrong password"
end

return plugin
