-- cancel: end a run that is not over. After this returns nothing is claimed and nothing is committed.
-- ARGV[1]  how it ends: "CANCELLED", or "FAILED" if it cannot be carried
-- ARGV[2]  kind of the fact   ARGV[3]  detail of the fact, JSON
-- Returns  msgpack {the run's status, announcements for other runs, whether to call again}, or the error reply NORUN
-- Twice:   nothing more happens.

if not load_run() then
  return redis.error_reply("NORUN")
end
if over() then
  return cmsgpack.pack({ M.status, {}, false })
end

local more
if M.status == "CANCELLING" then
  more = void_more()
else
  more = void(ARGV[1])
  fact(ARGV[2], "", 0, ARGV[3])
end
finish_if_done()
local found = announcements()
save()
return cmsgpack.pack({ M.status, found, more })
