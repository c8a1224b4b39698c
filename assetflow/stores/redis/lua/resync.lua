-- resync: take in what a slot knows after the server has lost the last of it, or took the slot for dead.
-- ARGV[1]  msgpack of runs.claims.Resync
-- Returns  msgpack of runs.claims.Resynced, or the error reply NORUN
-- Twice:   what was taken in is found settled, and accepted again.
-- Fenced:  what another slot holds, or has settled, is refused.

local req = cmsgpack.unpack(ARGV[1])
local slot, batch, holdings = req[1], req[2], req[3]

if not load_run() then
  return redis.error_reply("NORUN")
end
local kept, accepted, refused, early = {}, {}, {}, {}
local raw = redis.call("HGET", SLOTS, slot)
local before = raw and cmsgpack.unpack(raw) or { b = 0, c = {}, u = {} }
ENTRY = { b = batch, c = {}, u = before.u, t = NOW }

local function holds(claim)
  for at, held in ipairs(before.c) do
    if held[1] == claim[1] and held[3] == claim[3] then
      table.remove(before.c, at)
      return true
    end
  end
  return false
end

-- Whether the slot holds the claim (again).
local function regain(claim)
  local i = claim[1]
  local from = state_of(i)
  if before.x or M.status == "CANCELLING" or over() then
    return false
  end
  if from == "C" then
    return holds(claim)
  end
  local rank, queue, _, pool = fixed(i)
  if from == "D" then
    redis.call("ZREM", DUE, member(i))
    from = move(i, "D", "due")
  elseif from == "P" then
    redis.call("ZREM", "af:pool:" .. pool .. ":wait", holder(i))
    from = move(i, "P", "admit")
  end
  if from ~= "R" then
    return false
  end
  redis.call("ZREM", P .. "ready:" .. queue, member(i))
  if pool then -- it runs already: the token it had is its own again, even above the limit
    redis.call("HSET", "af:pool:" .. pool, holder(i), whole(NOW))
  end
  move(i, "R", "claim")
  M.tok = math.max(M.tok, claim[2])
  return true
end

local function is_settled(claim, outcome)
  if outcome[3] ~= "S" or state_of(claim[1]) ~= "S" then
    return false
  end
  for _, output in ipairs(outcome[4]) do
    if row(VERSIONS, output) ~= struct.pack(">I8I4", claim[2], claim[3]) then
      return false
    end
  end
  return true
end

for _, holding in ipairs(holdings) do
  local claim, outcome = holding[1], holding[2]
  local i = claim[1]
  if type(outcome) == "table" then
    if is_settled(claim, outcome) then
      accepted[#accepted + 1] = i
    elseif regain(claim) then
      accepted[#accepted + 1] = i
      settle(claim, outcome)
    elseif state_of(i) == "W" and M.status ~= "CANCELLING" then
      early[#early + 1] = i
    else
      refused[#refused + 1] = i
    end
  elseif regain(claim) then
    kept[#kept + 1] = i
    ENTRY.c[#ENTRY.c + 1] = { i, claim[2], claim[3] }
  else
    refused[#refused + 1] = i
  end
end

if over() then
  return cmsgpack.pack({ M.status, kept, accepted, refused, early, {}, {} })
end
if before.x then
  for _, claim in ipairs(before.c) do
    release(claim[1])
  end
  M.held = M.held - 1
else
  for _, claim in ipairs(before.c) do -- what the slot does not name it does not hold
    give_back(claim[1])
  end
end
continue_todo()
finish_if_done()
local found = announcements()
save()
if not over() then
  redis.call("HSET", SLOTS, slot, cmsgpack.pack(ENTRY))
end
return cmsgpack.pack({ M.status, kept, accepted, refused, early, found, ENTRY.u })
