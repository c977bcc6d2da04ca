-- Bounds what a client may say: messages and bytes per second, of each peer and of all peers of one address together.
--
-- Each peer and each address (IPv6: each /64) has a bucket that fills at these rates, up to what comes in
-- `burst_seconds`, and a message takes out one message and its bytes. A message larger than a bucket needs a full
-- one and leaves a debt.

local settings = relay.settings {
  -- 0 = no limit, each
  messages_per_second = 50.0,
  bytes_per_second = 65536.0,
  address_messages_per_second = 200.0,
  address_bytes_per_second = 262144.0,
  burst_seconds = 4.0, -- how many seconds' worth may come at once after a pause
  at_limit = "close",  -- "close" closes the peer, code 1008; "drop" forgets the message, for the policy and everybody
}

for name, value in pairs(settings) do
  assert(name == "at_limit" or value >= 0, ("rate_limit.%s is 0 or more"):format(name))
end
assert(settings.at_limit == "close" or settings.at_limit == "drop", 'rate_limit.at_limit is "close" or "drop"')

local network_of = require("shared.ip_address").network
local min <const>, max <const> = math.min, math.max

-- Buckets --------------------------------------------------------------------------------------------

local function size_of_bucket(per_second)
  return per_second > 0 and max(1, per_second * settings.burst_seconds) or math.huge
end

local function limits(messages_per_second, bytes_per_second)
  return {
    messages_per_second = messages_per_second,
    bytes_per_second = bytes_per_second,
    messages = size_of_bucket(messages_per_second),
    bytes = size_of_bucket(bytes_per_second),
  }
end

local per_peer = limits(settings.messages_per_second, settings.bytes_per_second)
local per_address = limits(settings.address_messages_per_second, settings.address_bytes_per_second)
local counts_bytes <const> = settings.bytes_per_second > 0 or settings.address_bytes_per_second > 0

-- Seconds after which a bucket that nobody used is full, whatever the limits.
local refill_seconds = max(60, settings.burst_seconds)
for name, value in pairs(settings) do
  if name:find("_per_second$") and value > 0 then refill_seconds = max(refill_seconds, 1 / value) end
end

-- Buckets by peer and by network, in two generations: one that was not used for a whole generation is forgotten,
-- as it is full, which a new one is as well. With too many of them the idle ones are forgotten sooner.
local BUCKETS_MAX <const> = 16384
local young, old, young_count, young_since = {}, {}, 0, 0

local function find_bucket(key, limit, now)
  local bucket = old[key] or { messages = limit.messages, bytes = limit.bytes, filled_at = now }
  if young_count >= BUCKETS_MAX or now < young_since or now > young_since + refill_seconds then
    young, old, young_count, young_since = {}, young, 0, now
  end
  young[key] = bucket
  young_count = young_count + 1
  return bucket
end

local function fill(bucket, limit, now)
  local seconds = now - bucket.filled_at
  bucket.filled_at = now
  -- A clock that was set back fills nothing.
  if seconds <= 0 then return end
  bucket.messages = min(limit.messages, bucket.messages + seconds * limit.messages_per_second)
  bucket.bytes = min(limit.bytes, bucket.bytes + seconds * limit.bytes_per_second)
end

local function lacks(bucket, limit, size)
  if bucket.messages < 1 then return "messages" end
  if bucket.bytes < size and bucket.bytes < limit.bytes then return "bytes" end
end

-- Messages -------------------------------------------------------------------------------------------

local plugin = {}

local function refuse(peer, what, whose)
  relay.count("rate_limit_reached")
  return settings.at_limit == "drop" or peer:close(1008, ("Too many %s%s"):format(what, whose))
end

function plugin.on_message(peer, message)
  local now, size = relay.now(), counts_bytes and message:size() or 0
  local own = young[peer] or find_bucket(peer, per_peer, now)
  if not own.network then own.network = network_of(peer:address()) end
  local shared = young[own.network] or find_bucket(own.network, per_address, now)
  if own.filled_at ~= now then fill(own, per_peer, now) end
  if shared.filled_at ~= now then fill(shared, per_address, now) end

  local lacking = lacks(own, per_peer, size)
  if lacking then return refuse(peer, lacking, "") end
  lacking = lacks(shared, per_address, size)
  if lacking then return refuse(peer, lacking, " from your address") end

  own.messages, own.bytes = own.messages - 1, own.bytes - size
  shared.messages, shared.bytes = shared.messages - 1, shared.bytes - size
end

return plugin
