local ip_address = require "shared.ip_address"

local tests = {}

function tests.reads_both_kinds(t)
  t.equal(ip_address.parse("203.0.113.7"), "\xcb\x00\x71\x07")
  t.equal(ip_address.parse("2001:db8::1"), "\x20\x01\x0d\xb8" .. ("\0"):rep(11) .. "\1")
  t.equal(ip_address.parse("::ffff:203.0.113.7"), "\xcb\x00\x71\x07")
end

function tests.refuses_what_is_none(t)
  for _, text in ipairs { "", "1.2.3", "1.2.3.256", "01.2.3.4", "1::2::3", "12345::", "g::1", "localhost" } do
    t.equal({ text, ip_address.parse(text) }, { text })
  end
end

function tests.ranges_hold_what_begins_like_them(t)
  local range = ip_address.parse_range("203.0.112.0/23")
  t.equal(ip_address.contains(range, ip_address.parse("203.0.113.255")), true)
  t.equal(ip_address.contains(range, ip_address.parse("203.0.114.0")), false)
  t.equal(ip_address.contains(range, ip_address.parse("2001:db8::1")), false)
  t.equal({ ip_address.parse_range("203.0.113.0/33") }, { nil, "what follows the / is a number from 0 to 32" })
end

function tests.a_network_is_what_one_customer_has(t)
  t.equal(ip_address.network("203.0.113.7"), "203.0.113.7")
  t.equal(ip_address.network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64")
end

return tests
