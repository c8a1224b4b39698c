-- recorded: what a run has told so far is in the history.
-- ARGV[1]  id of the last fact that is recorded
-- ARGV[2]  id of the first fact that has to stay, "" to let all stay
-- ARGV[3]  seconds that the run is remembered once it is over and recorded; -1 for as long as it was created with
-- Returns  1 if nothing more is to be recorded of the run, else 0
-- Twice:   nothing more happens.

if not load_run() then
  redis.call("ZREM", UNRECORDED, RUN)
  return 1
end
if ARGV[2] ~= "" then
  redis.call("XTRIM", FACTS, "MINID", ARGV[2])
end
if not over() or #redis.call("XRANGE", FACTS, "(" .. ARGV[1], "+", "COUNT", 1) > 0 then
  return 0
end
if redis.call("ZREM", UNRECORDED, RUN) == 1 then
  local ttl = tonumber(ARGV[3])
  if ttl < 0 then
    ttl = tonumber(redis.call("HGET", META, "ttl"))
  end
  for _, key in ipairs({ META, ST, PEND, STEP, OUT, FACTS, P .. "plan" }) do
    redis.call("EXPIRE", key, ttl)
  end
end
return 1
