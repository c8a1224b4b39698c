-- cancel: end a run that is not over. After this returns nothing is claimed and nothing is committed.
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
  more = void("CANCELLED")
  fact("run_cancelling", "", 0, "{}")
end
finish_if_done()
local found = announcements()
save()
return cmsgpack.pack({ M.status, found, more })
