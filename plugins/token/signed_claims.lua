-- Claims under an HMAC-SHA256 signature, in one of two forms, each of three parts with dots in between:
--   a JWT (RFC 7519) with alg HS256: header.payload.signature
--   the short form: expiry.claims.signature. expiry is in seconds since 1970; claims is a JSON object in base64url,
--   or empty; signature is HMAC-SHA256(secret, "expiry.claims") in base64url. No part is padded.
-- A header in base64url begins with a letter, an expiry with a digit: so they are told apart.

local SECRET_BYTES_MIN <const> = 32 -- RFC 7518 §3.2
local TIME_MAX <const> = 2 ^ 53

local signed_claims = {}

---Keys out of texts `kid:secret`, or `secret` for one that verifies whatever kid a token has.
---@param texts string[]
function signed_claims.keys(texts)
  assert(#texts > 0, "keys: there is none, so nobody could connect: --set token.keys=SECRET, of 32 bytes or more")
  local keys = {}
  for index, text in ipairs(texts) do
    local id, secret = text:match("^([^:]*):(.*)$")
    secret = secret or text
    assert(#secret >= SECRET_BYTES_MIN, ("keys: secret %d has less than 32 bytes"):format(index))
    keys[index] = { id = id ~= "" and id or nil, secret = secret }
  end
  return keys
end

local function object(part)
  local text = crypto.base64_decode(part)
  local value = text and json.decode(text)
  return type(value) == "table" and value or nil
end

local function is_signed(text, signature, keys, id)
  local given = crypto.base64_decode(signature) or ""
  for _, key in ipairs(keys) do
    local is_meant = not id or not key.id or key.id == id
    if is_meant and crypto.equal(crypto.hmac_sha256(key.secret, text), given) then return true end
  end
  return false
end

local function read_short(token, keys)
  local text, expiry, part, signature = token:match("^((%d+)%.([%w_-]*))%.([%w_-]+)$")
  if not text then return nil, "is neither a JWT nor of the short form" end
  if not is_signed(text, signature, keys) then return nil, "has a signature by none of the keys" end
  local claims = part == "" and {} or object(part)
  if not claims then return nil, "has claims that are no JSON object" end
  claims.exp = tonumber(expiry)
  return claims
end

local function read_jwt(token, keys)
  local text, first, second, signature = token:match("^((%a[%w_-]*)%.([%w_-]+))%.([%w_-]+)$")
  local header = first and object(first)
  if not header then return nil, "is neither a JWT nor of the short form" end
  if header.alg ~= "HS256" then return nil, "has an alg other than HS256" end
  if header.typ ~= nil and tostring(header.typ):upper() ~= "JWT" then return nil, "has a typ other than JWT" end
  -- It names extensions that a reader must understand (RFC 7515 §4.1.11). This one understands none.
  if header.crit ~= nil then return nil, "has a crit" end
  if not is_signed(text, signature, keys, header.kid) then
    return nil, "has a signature by none of the keys, or none of its kid"
  end
  local claims = object(second)
  if not claims then return nil, "has claims that are no JSON object" end
  return claims
end

local function is_time(value)
  return math.type(value) and value < TIME_MAX
end

local function is_for(audience, wanted)
  if type(audience) ~= "table" then return audience == wanted end
  for _, one in ipairs(audience) do
    if one == wanted then return true end
  end
  return false
end

-- What is wrong with the claims at this time, or nil.
local function objection(claims, rules, now)
  if claims.exp == nil and rules.expiry_required then return "has no exp" end
  if claims.exp ~= nil and not is_time(claims.exp) then return "has an exp that is no time" end
  if claims.exp and now >= claims.exp + rules.leeway then return "has expired" end
  if claims.nbf ~= nil and not is_time(claims.nbf) then return "has an nbf that is no time" end
  if claims.nbf and now < claims.nbf - rules.leeway then return "is not valid yet" end
  -- A token for somebody else is refused even where nobody asks for an audience (RFC 7519 §4.1.3).
  local names_audience = claims.aud ~= nil or rules.audience ~= ""
  if names_audience and not is_for(claims.aud, rules.audience) then return "is for another audience" end
  if rules.issuer ~= "" and claims.iss ~= rules.issuer then return "is by another issuer" end
end

---The claims of a token that holds now; or nil and what is wrong with it, as the end of a sentence.
---@param token string
---@param keys table what signed_claims.keys answers
---@param rules { leeway: number, expiry_required: boolean, audience: string, issuer: string } seconds; "": any
---@param now number seconds since 1970
---@return table? claims
---@return string? reason
function signed_claims.read(token, keys, rules, now)
  local read = token:find("^%d") and read_short or read_jwt
  local claims, reason = read(token, keys)
  if not claims then return nil, reason end
  reason = objection(claims, rules, now)
  if reason then return nil, reason end
  return claims
end

return signed_claims
