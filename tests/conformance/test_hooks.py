"""Hooks: what is called after steps."""

import pytest

from assetflow import (
    AssetOut,
    CheckError,
    Definitions,
    Failure,
    HookDefinition,
    InMemoryIOManager,
    InvalidDefinitionError,
    Output,
    ResourceDefinition,
    RetryPolicy,
    UnknownResourceError,
    asset,
    build_hook_context,
    define_asset_job,
    failure_hook,
    materialize,
    multi_asset,
    resource,
    success_hook,
)


def run(*assets, **resources):
    given = {"io_manager": InMemoryIOManager(), **resources}
    return materialize(assets, resources=given, raise_on_error=False, run_config={})


@pytest.fixture
def story():
    return []


@pytest.fixture
def hooks(story):
    @success_hook
    def after(context):
        story.append(("after", context.step_key, context.op_exception, dict(context.op_output_values)))

    @failure_hook(name="alarm")
    def failed(context):
        story.append(("failed", context.op.name, str(context.op_exception), dict(context.op_output_values)))

    return {after, failed}


def test_after_success(hooks, story):
    @asset(hooks=hooks)
    def good():
        return 5

    assert run(good).success
    assert story == [("after", "good", None, {"result": 5})]


def test_after_failure(hooks, story):
    @asset(hooks=hooks)
    def bad():
        raise ValueError("no")

    @asset(hooks=hooks)
    def below(bad):
        return 1

    assert not run(bad, below).success
    assert story == [("failed", "bad", "no", {})]


def test_only_the_last_try_counts(hooks, story):
    @asset(hooks=hooks, retry_policy=RetryPolicy(max_retries=2, delay=0.001))
    def stubborn(context):
        if context.retry_number < 2:
            raise ValueError("not yet")
        return context.retry_number

    @asset(hooks=hooks, retry_policy=RetryPolicy(max_retries=2, delay=0.001))
    def hopeless():
        raise Failure("never", allow_retries=False)

    run(stubborn)
    run(hopeless)
    assert story == [("after", "stubborn", None, {"result": 2}), ("failed", "hopeless", "never", {})]


def test_a_step_that_makes_nothing_has_succeeded(hooks, story):
    @asset(hooks=hooks, output_required=False)
    def perhaps():
        if False:
            yield Output(1)

    @asset(hooks=hooks)
    def below(perhaps):
        return 1

    assert run(perhaps, below).success
    assert story == [("after", "perhaps", None, {})]


def test_a_multi_asset_has_hooks(hooks, story):
    @multi_asset(outs={"x": AssetOut(), "y": AssetOut()}, hooks=hooks)
    def both():
        return 1, 2

    run(both)
    assert story == [("after", "both", None, {"x": 1, "y": 2})]


def test_what_was_made_before_the_failure_is_told(hooks, story):
    @multi_asset(outs={"x": AssetOut(), "y": AssetOut()}, hooks=hooks)
    def both():
        yield Output(1, "x")
        raise ValueError("no y")

    run(both)
    assert story == [("failed", "both", "no y", {"x": 1})]


def test_a_hook_that_fails_changes_nothing():
    @success_hook
    def broken(context):
        raise RuntimeError("no mail today")

    @asset(hooks={broken})
    def good():
        return 1

    @asset
    def below(good):
        return good

    done = run(good, below)
    assert done.success
    told = [{e.event_specific_data: e.message} for e in done.all_events if e.is_hook_event]
    assert told == [{"broken": "RuntimeError: no mail today"}]


def test_a_hook_uses_resources_of_its_own(story):
    @resource
    def mail(init):
        yield story.append
        story.append("closed")

    @success_hook(required_resource_keys={"mail"})
    def tell(context):
        context.resources.mail(f"{context.op.name} is done")
        with pytest.raises(UnknownResourceError):
            context.resources.other  # noqa: B018

    @asset(hooks={tell})
    def good(context):
        with pytest.raises(UnknownResourceError):
            context.resources.mail  # noqa: B018

    other = ResourceDefinition.none_resource()
    assert run(good, mail=mail, other=other).success
    assert story == ["good is done", "closed"]
    with pytest.raises(InvalidDefinitionError, match="resource with key 'mail' required by op 'good'"):
        materialize([good])


def test_a_direct_call_has_no_hooks(hooks, story):
    @asset(hooks=hooks)
    def good():
        return 1

    assert good() == 1
    assert story == []


def test_a_hook_is_called_in_a_test():
    @failure_hook(required_resource_keys={"mail"})
    def tell(context):
        context.resources.mail.append(str(context.op_exception))
        return context.run_id

    sent = []
    assert isinstance(tell, HookDefinition)
    assert tell(build_hook_context(resources={"mail": sent}, op_exception=ValueError("no"))) == "EPHEMERAL"
    assert sent == ["no"]


def test_a_hook_takes_the_context():
    with pytest.raises(InvalidDefinitionError, match="has to take one argument, named context"):

        @success_hook
        def wrong(step):
            pass

    with pytest.raises(InvalidDefinitionError):

        @failure_hook
        def more(context, other):
            pass


@pytest.mark.parametrize("hooks", [[5], [lambda context: None]])
def test_what_is_no_hook(hooks):
    with pytest.raises(CheckError, match="hooks are made with success_hook"):

        @asset(hooks=hooks)
        def a():
            return 1


# --- hooks of jobs ---------------------------------------------------------------------------------------------------


def test_hooks_of_a_job_come_after_every_step(hooks, story):
    from_job = define_asset_job("j", hooks=hooks)

    @asset
    def good():
        return 5

    @asset
    def bad(good):
        raise ValueError("no")

    defs = Definitions(assets=[good, bad], resources={"io_manager": InMemoryIOManager()}, jobs=[from_job])
    defs.get_job("j").execute_in_process(raise_on_error=False)
    assert story == [("after", "good", None, {"result": 5}), ("failed", "bad", "no", {})]


def test_a_job_with_further_hooks(hooks, story):
    @asset
    def good():
        return 5

    defs = Definitions(assets=[good], resources={"io_manager": InMemoryIOManager()})
    plain = defs.get_job("__ASSET_JOB")
    plain.with_hooks(hooks).execute_in_process()
    assert len(story) == 1
    plain.execute_in_process()
    assert len(story) == 1


def test_a_hook_of_a_job_whose_resource_is_missing():
    @success_hook(required_resource_keys={"mail"})
    def tell(context): ...

    @asset
    def good(): ...

    defs = Definitions(
        assets=[good], resources={"io_manager": InMemoryIOManager()}, jobs=[define_asset_job("j", hooks=[tell])]
    )
    with pytest.raises(InvalidDefinitionError, match="'mail' required by hook 'tell' attached to job 'j'"):
        defs.check_resources()
    with pytest.raises(InvalidDefinitionError, match="'mail' required by hook 'tell' attached to job"):
        Definitions(assets=[good]).get_job("__ASSET_JOB").with_hooks([tell]).execute_in_process()
    with pytest.raises(CheckError, match="hooks are made with"):
        define_asset_job("k", hooks=[5])


def test_a_hook_that_ended_well_leaves_an_event():
    @success_hook(name="greet")
    def greeting(context):
        pass

    @asset(hooks={greeting})
    def good():
        return 1

    events = [event for event in run(good).all_events if event.is_hook_event]
    assert [(event.event_type_value, event.event_specific_data) for event in events] == [("HOOK_COMPLETED", "greet")]
