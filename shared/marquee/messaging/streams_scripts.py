"""The steps on Redis that must happen whole or not at all."""

# An entry has the fields id, key, body, attempt and nothing else, in this order.

DECLARE = """
-- A queue that has to be made anew has lost what it held: that begins another life of the broker.
-- KEYS epoch queue..  ARGV group new_epoch
local made = false
for i = 2, #KEYS do
  local reply = redis.pcall('XGROUP', 'CREATE', KEYS[i], ARGV[1], '0', 'MKSTREAM')
  if not reply.err then made = true
  elseif not string.find(reply.err, 'BUSYGROUP', 1, true) then return reply end
end
if made or redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SET', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])
"""

PUBLISH = """
-- KEYS epoch queue..  ARGV epoch, then for each message: id key body n, n queue numbers
-- Answers 0 and writes nothing when the broker is not in the life the publisher knows.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 2, #KEYS do if redis.call('EXISTS', KEYS[i]) == 0 then return 0 end end
local at = 2
while at <= #ARGV do
  for n = 1, tonumber(ARGV[at + 3]) do
    redis.call('XADD', KEYS[tonumber(ARGV[at + 3 + n])], 'NOMKSTREAM', '*',
      'id', ARGV[at], 'key', ARGV[at + 1], 'body', ARGV[at + 2], 'attempt', '1')
  end
  at = at + 4 + tonumber(ARGV[at + 3])
end
return 1
"""

# The queue has one group, so an acknowledged entry can go: nothing unread is ever trimmed.
ACKNOWLEDGE = """
-- KEYS queue  ARGV group entry
local acked = redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
if acked == 1 then redis.call('XDEL', KEYS[1], ARGV[2]) end
return acked
"""

DELAY = """
-- KEYS queue delayed  ARGV group entry wait_ms
local e = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 or not e then return 0 end
local now = redis.call('TIME')
redis.call('ZADD', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000) + tonumber(ARGV[3]),
  cjson.encode({entry = ARGV[2], fields = e[2]}))
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
"""

PARK = """
-- KEYS queue parking  ARGV group entry reason
local e = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 or not e then return 0 end
redis.call('XADD', KEYS[2], '*', 'reason', ARGV[3], 'entry', ARGV[2], unpack(e[2]))
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
"""

MOVE_DUE = """
-- KEYS delayed queue  ARGV limit
local now = redis.call('TIME')
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000),
  'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do
  local f = cjson.decode(member).fields
  redis.call('XADD', KEYS[2], '*', f[1], f[2], f[3], f[4], f[5], f[6], f[7], tonumber(f[8]) + 1)
  redis.call('ZREM', KEYS[1], member)
end
return #due
"""

REPLAY = """
-- KEYS parking queue  ARGV entry..
local moved = 0
for _, entry in ipairs(ARGV) do
  local e = redis.call('XRANGE', KEYS[1], entry, entry)[1]
  if e then
    local fields = {}
    for i = 5, #e[2], 2 do
      fields[#fields + 1] = e[2][i]
      fields[#fields + 1] = e[2][i] == 'attempt' and '1' or e[2][i + 1]
    end
    redis.call('XADD', KEYS[2], '*', unpack(fields))
    redis.call('XDEL', KEYS[1], entry)
    moved = moved + 1
  end
end
return moved
"""
