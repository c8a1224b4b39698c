/** Written by `make described` out of the server's OpenAPI document. Not to be edited. */

export type components = {
    schemas: {
        /** @description What lists show of an asset or a source. */
        Asset: {
            automation: string | null;
            checks: components["schemas"]["CheckAbout"][];
            code_version: string | null;
            compute_kind: string;
            config_required: boolean;
            deps: components["schemas"]["Dep"][];
            description: string;
            freshness: string | null;
            group: string;
            io_manager_key: string;
            is_executable: boolean;
            is_partitioned: boolean;
            is_source: boolean;
            key: string;
            kinds: string[];
            op: string | null;
            owners: string[];
            partitions: components["schemas"]["PartitionsAbout"] | null;
            pool: string;
            queue: string;
            required_resources: string[];
            skippable: boolean;
            step: string | null;
            tags: {
                [key: string]: string;
            };
        };
        /** @description How many assets there are, were made here, and are stale here. */
        AssetCounts: {
            own: number;
            stale: number;
            total: number;
        };
        /** @description All that is said of one asset; its description also as HTML in which nothing can run. */
        AssetDetail: {
            automation: string | null;
            checks: components["schemas"]["CheckAbout"][];
            code_version: string | null;
            compute_kind: string;
            config_required: boolean;
            definition: components["schemas"]["DefinitionDetail"];
            deps: components["schemas"]["Dep"][];
            description: string;
            description_html: string | null;
            downstream: string[];
            freshness: string | null;
            group: string;
            io_manager_key: string;
            is_executable: boolean;
            is_partitioned: boolean;
            is_source: boolean;
            key: string;
            kinds: string[];
            latest: components["schemas"]["Materialization"] | null;
            op: string | null;
            owners: string[];
            partitions: components["schemas"]["PartitionsAbout"] | null;
            pool: string;
            queue: string;
            required_resources: string[];
            skippable: boolean;
            status: components["schemas"]["Status"];
            step: string | null;
            tags: {
                [key: string]: string;
            };
            upstream: string[];
        };
        /** @description A try of a step that is over, and what its time was spent on, in seconds. */
        Attempt: {
            at: number;
            compute: number | null;
            error: string;
            load: number | null;
            outcome: string;
            store: number | null;
        };
        /** @description One thing that somebody did, or tried to do. */
        AuditItem: {
            action: string;
            at: number;
            env: string;
            id: number;
            ip: string;
            outcome: string;
            role: string;
            target: string;
            user: string;
        };
        /** @description A page of the audit, the latest first. */
        AuditList: {
            items: components["schemas"]["AuditItem"][];
            next: string | null;
        };
        /** @description A run of many partitions. */
        Backfill: {
            /** @description the first 20 */
            assets: string[];
            assets_total: number;
            attempts: number;
            backfill: boolean;
            created: number;
            ended: number | null;
            env: string;
            error: string | null;
            id: string;
            job: string | null;
            name: string;
            partition: string | null;
            partitions: components["schemas"]["PartitionCounts"];
            /** @description seconds that it may take in all */
            predicted: number | null;
            started: number | null;
            /** @enum {string} */
            status: "queued" | "running" | "success" | "failed" | "cancelled" | "paused" | "lost";
            steps: components["schemas"]["StepCounts"];
            tags: {
                [key: string]: string;
            };
            target: string;
            who: string | null;
        };
        /** @description A page of backfills. */
        BackfillList: {
            items: components["schemas"]["Backfill"][];
            next: string | null;
        };
        /** @description Whether the server that carries runs answers. */
        BrokerState: {
            message: string;
            ok: boolean;
            since: number;
        };
        /** @description Whether the broker answers. */
        BrokerTold: {
            message: string;
            ok: boolean;
        };
        /** @description End a run. */
        CancelAsked: {
            grace?: number | null;
        };
        /** @description A check of an asset. */
        CheckAbout: {
            blocking: boolean;
            description: string;
            name: string;
        };
        /** @description A check, and what it said last. */
        CheckItem: {
            at: number | null;
            blocking: boolean;
            description: string;
            history: components["schemas"]["CheckRun"][];
            metadata: components["schemas"]["Meta"][];
            name: string;
            passed: boolean | null;
            run_id: string | null;
            severity: string | null;
        };
        /** @description The checks of an asset. */
        CheckList: {
            items: components["schemas"]["CheckItem"][];
            next: string | null;
        };
        /** @description What a check said once. */
        CheckRun: {
            at: number;
            passed: boolean;
            run_id: string;
            severity: string;
        };
        /** @description How many checks stand how. */
        CheckTally: {
            failed: number;
            passed: number;
            warned: number;
        };
        /** @description How a column differs. */
        ColumnChange: {
            /** @enum {string} */
            change: "same" | "changed" | "added" | "removed" | "type";
            detail: string;
            name: string;
        };
        /** @description Two values are being compared, since then, in seconds since the epoch: ask again for what comes of it. */
        Comparing: {
            since: number;
        };
        /**
         * @description A condition in a decision, and what held of it.
         *
         *     `of` is the asset or check it was looked at of, where that is another one than above. `held` are ranges of
         *     partitions.
         */
        ConditionNode: {
            candidate_count: number;
            held: [
                string,
                string
            ][];
            held_count: number;
            label: string | null;
            name: string;
            of: string | null;
            parts: components["schemas"]["ConditionNode"][];
        };
        /** @description One thing that is wrong in the config. */
        ConfigProblem: {
            message: string;
            path: string;
            reason: string;
        };
        /** @description A step that a worker runs. */
        CurrentStep: {
            run_id: string;
            since: number | null;
            slot: string;
            step: string;
        };
        /** @description Why an asset was asked for in a tick, or was not: its condition as a tree, with what held of it. */
        DecisionItem: {
            asset: string;
            at: number;
            requested: number;
            sensor: string;
            tick: number;
            tree: components["schemas"]["ConditionNode"];
        };
        /** @description Decisions, the latest first. */
        DecisionList: {
            items: components["schemas"]["DecisionItem"][];
            next: string | null;
        };
        /** @description What is defined of an asset. */
        DefinitionDetail: {
            config_schema: {
                [key: string]: unknown;
            } | null;
            metadata: components["schemas"]["Meta"][];
            python_snippet: string;
            source: components["schemas"]["SourceCode"] | null;
            type: string | null;
        };
        /** @description All that is defined. */
        DefinitionsAnswer: {
            assets: components["schemas"]["Asset"][];
            groups: components["schemas"]["Group"][];
            jobs: string[];
            label: string;
            module: string | null;
            resources: components["schemas"]["ResourceAbout"][];
            version: string;
        };
        /** @description Why the definitions that are there now do not load. */
        DefinitionsError: {
            message: string;
            trace: string;
        };
        /** @description Which definitions are shown; the last ones that were right. */
        DefinitionsState: {
            error: components["schemas"]["DefinitionsError"] | null;
            loaded_at: number | null;
            ok: boolean;
            version: string | null;
        };
        /** @description Code was loaded, or did not load. */
        DefinitionsTold: {
            error: components["schemas"]["LoadErrorTold"] | null;
            ok: boolean;
            version: string | null;
        };
        /** @description Something that an asset needs. */
        Dep: {
            argument: string | null;
            key: string;
            mapping: string | null;
        };
        /** @description How two values of an asset differ; columns and rows only of tables. */
        DiffAnswer: {
            /** @description how rows were told apart */
            by: string;
            columns: components["schemas"]["ColumnChange"][];
            details: string[];
            rows: components["schemas"]["RowCounts"] | null;
            same: boolean;
            sample: components["schemas"]["SampleRow"][];
            summary: string;
        };
        /** @description One way in which an asset is divided; `keys` are left out where there are very many. */
        Dimension: {
            keys: string[] | null;
            keys_count: number;
            name: string;
            ranges: [
                string,
                string
            ][];
        };
        /** @description It was done. */
        Done: {
            /** @default true */
            done: boolean;
        };
        /** @description An environment, as the switch shows it. */
        EnvironmentAbout: {
            default: boolean;
            name: string;
            protected: boolean;
            reads_from: string | null;
        };
        /** @description All assets that one of the two has made. */
        EnvironmentDiff: {
            items: components["schemas"]["EnvironmentDiffItem"][];
            next: string | null;
        };
        /** @description How an asset stands in two environments. */
        EnvironmentDiffItem: {
            a: components["schemas"]["MadeThere"] | null;
            b: components["schemas"]["MadeThere"] | null;
            key: string;
            /** @enum {string} */
            state: "same" | "differs" | "only_a" | "only_b";
        };
        /** @description An environment. */
        EnvironmentItem: {
            assets: components["schemas"]["AssetCounts"];
            last_run: components["schemas"]["RunSummary"] | null;
            name: string;
            protected: boolean;
            reads_from: string | null;
            writes_to: string;
        };
        /** @description All environments. */
        EnvironmentList: {
            items: components["schemas"]["EnvironmentItem"][];
            next: string | null;
        };
        /** @description The body of every answer that is a refusal. */
        ErrorAnswer: {
            error: components["schemas"]["Problem"];
        };
        /** @description How long it may take in seconds, and how many bytes it may make. */
        Estimate: {
            bytes: number | null;
            seconds: number;
        };
        /** @description What came of evaluating one by hand. */
        Evaluated: {
            reason: string | null;
            run_ids: string[];
        };
        /** @description What this server is set to. */
        Features: {
            auth: boolean;
        };
        /** @description One thing that was looked at. */
        FindingItem: {
            area: string;
            fix: string | null;
            /** @enum {string} */
            level: "ok" | "warning" | "problem";
            message: string;
        };
        /** @description All that `assetflow doctor` finds. */
        FindingList: {
            items: components["schemas"]["FindingItem"][];
            next: string | null;
        };
        /**
         * @description Who needs whom.
         *
         *     Nodes are `[key, group, flags]`, edges are pairs of places in the list of nodes. Flags: 1 source, 2 partitioned,
         *     4 may be left out, 8 has checks.
         */
        GraphAnswer: {
            edges: [
                number,
                number
            ][];
            nodes: [
                string,
                string,
                number
            ][];
            version: string;
        };
        /** @description A group, and how many assets and sources are in it. */
        Group: {
            assets: number;
            name: string;
        };
        /** @description It is well. */
        Health: {
            /** @default true */
            ok?: boolean;
        };
        /** @description The connection is there; `version` is that of the definitions, empty if none have loaded. */
        HelloTold: {
            version: string;
        };
        /** @description What was read for a materialization. */
        InputRead: {
            data_version: string | null;
            key: string;
            version: string | null;
        };
        /** @description A schedule, a sensor, or what evaluates conditions. */
        Instigator: {
            cron: string[];
            cron_words: string;
            cursor: string | null;
            default_running: boolean;
            description: string;
            interval: number | null;
            job: string | null;
            /** @enum {string} */
            kind: "schedule" | "sensor" | "automation";
            last_tick: components["schemas"]["TickItem"] | null;
            name: string;
            next: number[];
            running: boolean;
            timezone: string | null;
        };
        /** @description All of them, and which daemon evaluates them; nobody does if that is null. */
        InstigatorList: {
            evaluated_by: string | null;
            items: components["schemas"]["Instigator"][];
            next: string | null;
        };
        /** @description Whether it is evaluated. */
        InstigatorState: {
            name: string;
            running: boolean;
        };
        /** @description A job. */
        JobItem: {
            assets: string[];
            config_schema: {
                [key: string]: unknown;
            } | null;
            description: string;
            last_runs: components["schemas"]["RunSummary"][];
            name: string;
            partitions: components["schemas"]["PartitionsAbout"] | null;
            selection: string;
            tags: {
                [key: string]: string;
            };
        };
        /** @description All jobs. */
        JobList: {
            items: components["schemas"]["JobItem"][];
            next: string | null;
        };
        /** @description How many may be under way at once: steps of a pool, or runs with a tag (`*` for all). Null for no limit. */
        LimitAsked: {
            /** @enum {string} */
            kind: "pool" | "tag";
            limit: number | null;
            name: string;
        };
        /** @description A limit, and how much of it is used; `limit` is null where there is none. */
        LimitItem: {
            limit: number | null;
            name: string;
            used: number;
            waiting: number;
        };
        /** @description The data of each event, by the event's name. */
        LiveEvents: {
            broker: components["schemas"]["BrokerTold"];
            definitions: components["schemas"]["DefinitionsTold"];
            hello: components["schemas"]["HelloTold"];
            instigators: components["schemas"]["NothingTold"];
            logs: components["schemas"]["LogsTold"];
            resync: components["schemas"]["NothingTold"];
            run: components["schemas"]["RunTold"];
            runs: components["schemas"]["RunsTold"];
            status: {
                [key: string]: components["schemas"]["Status"];
            };
            workers: components["schemas"]["NothingTold"];
        };
        /** @description Why code does not load: the first line, and the rest. */
        LoadErrorTold: {
            message: string;
            trace: string;
        };
        /** @description A line that a step has written; n counts from 0. */
        LogItem: {
            at: number | null;
            level: string;
            n: number;
            /** @enum {string} */
            stream: "stdout" | "stderr" | "log";
            text: string;
        };
        /**
         * @description Some lines, or where a text stands in them.
         *
         *     Of a long log the first lines are told before all of it is read: their number is a guess until it is `counted`.
         */
        LogPage: {
            /** @default true */
            counted: boolean;
            lines: components["schemas"]["LogItem"][];
            live: boolean;
            matches: number[] | null;
            next_offset: number | null;
            total_lines: number;
        };
        /** @description A token, in exchange for a cookie. */
        LoginAsked: {
            token: string;
        };
        /** @description New lines of one step's log. */
        LogsTold: {
            lines: components["schemas"]["LogItem"][];
            run: string;
            step: string;
        };
        /** @description What an environment has made of an asset last. */
        MadeThere: {
            at: number;
            data_version: string | null;
            partitions: number;
            run_id: string | null;
            version: string | null;
        };
        /** @description That a value exists. `id` is its number in the log. */
        Materialization: {
            at: number;
            code_version: string | null;
            data_version: string | null;
            duration: number | null;
            env: string;
            id: number;
            inputs: components["schemas"]["InputRead"][];
            metadata: components["schemas"]["Meta"][];
            partition: string | null;
            run_id: string;
            size: number | null;
            step: string;
            unchanged: boolean;
            uri: string | null;
            version: string | null;
        };
        /** @description A page of materializations, newest first. */
        MaterializationList: {
            items: components["schemas"]["Materialization"][];
            next: string | null;
        };
        /** @description A labelled value: `html` is there for markdown, `columns` and `rows` for tables. */
        Meta: {
            columns: string[] | null;
            html: string | null;
            label: string;
            rows: unknown[][] | null;
            /** @enum {string} */
            type: "int" | "float" | "text" | "md" | "url" | "path" | "json" | "table" | "asset" | "bool" | "null" | "timestamp" | "run" | "column_schema" | "column_lineage" | "notebook";
            value: unknown;
        };
        /** @description The name of the event says it all: ask again. */
        NothingTold: Record<string, unknown>;
        /** @description How many partitions of a backfill stand how. */
        PartitionCounts: {
            done: number;
            failed: number;
            running: number;
            total: number;
        };
        /** @description The place of a partition among all. */
        PartitionIndex: {
            index: number;
        };
        /** @description A partition, and when and by which run it was made or tried last. */
        PartitionItem: {
            at: number | null;
            index: number;
            key: string;
            run_id: string | null;
            size: number | null;
            /** @enum {string} */
            state: "missing" | "materialized" | "failed" | "running" | "skipped" | "stale";
        };
        /** @description Some partitions, and how many there are of those. */
        PartitionPage: {
            items: components["schemas"]["PartitionItem"][];
            total: number;
        };
        /** @description How many partitions stand how. */
        PartitionTally: {
            failed: number;
            materialized: number;
            missing: number;
            running: number;
            total: number;
        };
        /** @description How an asset is divided. */
        PartitionsAbout: {
            description: string;
            dimensions: string[];
            /** @enum {string} */
            kind: "static" | "time_window" | "multi" | "dynamic";
        };
        /** @description How the partitions of an asset stand; `codes` names the states. */
        PartitionsAnswer: {
            codes: ("missing" | "materialized" | "failed" | "running" | "skipped" | "stale")[];
            dimensions: components["schemas"]["Dimension"][];
            encoding: components["schemas"]["RunLengths"];
            total: number;
        };
        /** @description A plan; `id` starts exactly this one. */
        PlanAnswer: {
            cli: string;
            config_errors: components["schemas"]["ConfigProblem"][];
            config_schema: {
                [key: string]: unknown;
            } | null;
            digest: string;
            /** @description whether something of it has partitions */
            dimensions: boolean;
            env: string;
            estimate: components["schemas"]["PlanEstimate"] | null;
            id: string;
            needs_confirmation: string | null;
            steps: components["schemas"]["PlanStep"][];
            totals: components["schemas"]["PlanTotals"];
            warnings: string[];
        };
        /** @description What is to be planned: a selection as text, or keys. */
        PlanAsked: {
            config?: {
                [key: string]: unknown;
            } | null;
            env?: string | null;
            /** @default [] */
            exclude?: string[];
            /** @default [] */
            force?: string[];
            job?: string | null;
            partition?: string | null;
            partitions?: string | string[] | null;
            selection?: string | string[] | null;
            /** @default false */
            stale_only?: boolean;
        };
        /** @description All steps one after the other, the longest chain of them, and how many nothing is known of. */
        PlanEstimate: {
            path_seconds: number;
            seconds: number;
            unknown: number;
        };
        /** @description Something that a step reads. */
        PlanRead: {
            env: string;
            /** @enum {string} */
            from: "run" | "storage";
            key: string;
            version: string | null;
        };
        /** @description A step, or the steps that do the same for many partitions. */
        PlanStep: {
            /** @enum {string} */
            action: "run" | "maybe" | "skip";
            assets: string[];
            cause: string;
            checks: string[];
            estimate: components["schemas"]["Estimate"] | null;
            group: string;
            made_at: number | null;
            partition: string | null;
            queue: string;
            reads: components["schemas"]["PlanRead"][];
            reason: string;
            step: string;
        };
        /** @description How many steps there are of each kind. */
        PlanTotals: {
            maybe: number;
            run: number;
            skip: number;
        };
        /** @description A numeric metadata value over time: `[at, value, run id, partition]`, oldest first. */
        PlotSeries: {
            label: string;
            points: [
                number,
                number,
                string,
                string | null
            ][];
        };
        /** @description All numeric metadata of an asset. */
        PlotsAnswer: {
            series: components["schemas"]["PlotSeries"][];
        };
        /** @description What is wrong, where, and what to do about it. */
        Problem: {
            code: string;
            details?: {
                [key: string]: unknown;
            }[] | null;
            fix?: string | null;
            message: string;
            where?: string | null;
        };
        /** @description What was published, and what was there already or keeps nothing. */
        Promoted: {
            id: string;
            kept: string[];
            promoted: string[];
        };
        /** @description Publish in one environment what another has made. */
        PromotionAsked: {
            confirm_env?: string | null;
            from: string;
            selection: string | string[];
            to: string;
        };
        /** @description A promotion: what was published, when and by whom, from where to where. */
        PromotionItem: {
            /** @description the first 20 */
            assets: string[];
            assets_total: number;
            at: number;
            from: string;
            id: string;
            /** @description the first 20 that were new there, wholly or in part: it stays if taken back */
            new: string[];
            new_total: number;
            /** @description those of which something was replaced, which can be taken back */
            replaced_total: number;
            to: string;
            undone: components["schemas"]["TakenBack"] | null;
            user: string;
        };
        /** @description A page of promotions, the latest first. */
        PromotionList: {
            items: components["schemas"]["PromotionItem"][];
            next: string | null;
        };
        /** @description A queue. */
        QueueItem: {
            listeners: number;
            name: string;
            ready: number;
            running: number;
        };
        /** @description A resource of the project. */
        ResourceAbout: {
            config_schema: {
                [key: string]: unknown;
            } | null;
            description: string;
            key: string;
        };
        /** @description Run again what failed. */
        RetryAsked: {
            confirm_env?: string | null;
            /**
             * @default failure
             * @enum {string}
             */
            from?: "failure" | "step" | "all";
            step?: string | null;
        };
        /** @description Publish an earlier version again. */
        RollbackAsked: {
            confirm_env?: string | null;
            env?: string | null;
            key: string;
            partition?: string | null;
            version: string;
        };
        /** @description The new version, which has the bytes of the earlier one. */
        RolledBack: {
            key: string;
            restored_from: string;
            version: string;
        };
        /** @description Rows of the two, and how many differ. */
        RowCounts: {
            a: number;
            added: number;
            b: number;
            changed: number;
            removed: number;
        };
        /** @description A run: of a plan that was shown, or of what is asked for here. */
        RunAsked: {
            config?: {
                [key: string]: unknown;
            } | null;
            confirm_env?: string | null;
            env?: string | null;
            /** @default [] */
            exclude?: string[];
            /** @default [] */
            force?: string[];
            job?: string | null;
            partition?: string | null;
            partitions?: string | string[] | null;
            plan_id?: string | null;
            run_key?: string | null;
            selection?: string | string[] | null;
            /** @default false */
            stale_only?: boolean;
            /** @default {} */
            tags?: {
                [key: string]: string;
            };
        };
        /** @description A run with its steps. */
        RunDetail: {
            /** @description the first 20 */
            assets: string[];
            assets_total: number;
            attempts: number;
            backfill: boolean;
            config: {
                [key: string]: unknown;
            };
            created: number;
            ended: number | null;
            env: string;
            error: string | null;
            events_last: string;
            id: string;
            job: string | null;
            name: string;
            parent_run: string | null;
            partition: string | null;
            plan: {
                [key: string]: unknown;
            };
            /** @description seconds that it may take in all */
            predicted: number | null;
            started: number | null;
            /** @enum {string} */
            status: "queued" | "running" | "success" | "failed" | "cancelled" | "paused" | "lost";
            step_list: components["schemas"]["RunStep"][];
            steps: components["schemas"]["StepCounts"];
            steps_total: number;
            tags: {
                [key: string]: string;
            };
            target: string;
            who: string | null;
        };
        /** @description One thing that happened in a run. */
        RunEventItem: {
            asset: string | null;
            at: number;
            data: {
                [key: string]: unknown;
            };
            id: string;
            /** @enum {string} */
            level: "info" | "warning" | "error";
            message: string;
            step: string | null;
            type: string;
        };
        /** @description What happened in a run, in order. */
        RunEventList: {
            items: components["schemas"]["RunEventItem"][];
            next: string | null;
        };
        /** @description The states of all partitions in order: `[[count, code], ...]`. */
        RunLengths: {
            states: [
                number,
                number
            ][];
        };
        /** @description A page of runs; `next` asks for the one after it. */
        RunList: {
            items: components["schemas"]["RunSummary"][];
            next: string | null;
        };
        /** @description The run that was started. */
        RunStarted: {
            run_id: string;
        };
        /** @description How a run stands after it was told something. */
        RunStatusAnswer: {
            run_id: string;
            /** @enum {string} */
            status: "queued" | "running" | "success" | "failed" | "cancelled" | "paused" | "lost";
        };
        /** @description A step of a run. */
        RunStep: {
            assets: string[];
            attempt: number;
            attempts: components["schemas"]["Attempt"][];
            compute: number | null;
            critical: boolean;
            depends: number[];
            ended: number | null;
            error: components["schemas"]["StepError"] | null;
            index: number;
            /** @description of the last try; less than a thousandth of a second is told as 0 */
            load: number | null;
            log_size: number;
            made: string[] | null;
            partition: string | null;
            pool: string;
            queue: string;
            reason: string;
            seconds: number | null;
            slot: string | null;
            started: number | null;
            state: string;
            step: string;
            store: number | null;
            worker: string | null;
        };
        /** @description A run as lists show it. Times are in seconds since the epoch, durations in seconds. */
        RunSummary: {
            /** @description the first 20 */
            assets: string[];
            assets_total: number;
            attempts: number;
            backfill: boolean;
            created: number;
            ended: number | null;
            env: string;
            error: string | null;
            id: string;
            job: string | null;
            name: string;
            partition: string | null;
            /** @description seconds that it may take in all */
            predicted: number | null;
            started: number | null;
            /** @enum {string} */
            status: "queued" | "running" | "success" | "failed" | "cancelled" | "paused" | "lost";
            steps: components["schemas"]["StepCounts"];
            tags: {
                [key: string]: string;
            };
            target: string;
            who: string | null;
        };
        /** @description What has changed of one run: these steps, how it stands, and what has happened since. */
        RunTold: {
            events: components["schemas"]["RunEventItem"][];
            id: string;
            steps: components["schemas"]["RunStep"][];
            summary: components["schemas"]["RunSummary"] | null;
        };
        /** @description Runs that are new, or stand otherwise than before. */
        RunsTold: {
            items: components["schemas"]["RunSummary"][];
        };
        /** @description A row that differs. */
        SampleRow: {
            kind: string;
            row: unknown;
        };
        /** @description What a selection means. */
        SelectionAnswer: {
            error: string | null;
            keys: string[];
        };
        /** @description Everything the page needs before it shows anything. */
        Session: {
            broker: components["schemas"]["BrokerState"];
            csrf: string;
            definitions: components["schemas"]["DefinitionsState"];
            env: string;
            environments: components["schemas"]["EnvironmentAbout"][];
            features: components["schemas"]["Features"];
            project: string;
            /** @enum {string} */
            role: "viewer" | "operator" | "admin";
            user: string;
            version: string;
        };
        /** @description A setting. Secrets are not told. */
        SettingItem: {
            name: string;
            origin: string;
            value: unknown;
        };
        /** @description All settings of the server. */
        SettingList: {
            items: components["schemas"]["SettingItem"][];
            next: string | null;
        };
        /** @description Where an asset is defined, and how. */
        SourceCode: {
            file: string;
            line: number;
            text: string;
        };
        /** @description Where in the user's code something went wrong. */
        SourceFrame: {
            file: string;
            line: number;
            source: [
                number,
                string
            ][];
        };
        /** @description One reason why an asset is stale. */
        StaleCauseItem: {
            /** @enum {string} */
            cause: "code" | "data" | "deps" | "upstream" | "never";
            detail: string;
        };
        /** @description How an asset stands in an environment. It is fresh if `stale` is empty. */
        Status: {
            at: number | null;
            checks: components["schemas"]["CheckTally"] | null;
            duration: number | null;
            from_env: string | null;
            partitions: components["schemas"]["PartitionTally"] | null;
            run_id: string | null;
            stale: components["schemas"]["StaleCauseItem"][];
            /** @enum {string} */
            state: "never" | "materialized" | "failed" | "running" | "queued" | "skipped";
            upstream_changed: boolean;
        };
        /** @description How all assets and sources stand. */
        StatusesAnswer: {
            items: {
                [key: string]: components["schemas"]["Status"];
            };
            version: string;
        };
        /** @description How many steps of a run stand how. */
        StepCounts: {
            done: number;
            failed: number;
            ready: number;
            running: number;
            skipped: number;
            total: number;
        };
        /** @description What a step raised. */
        StepError: {
            frame: components["schemas"]["SourceFrame"] | null;
            message: string;
            traceback: string;
            type: string;
        };
        /** @description When a promotion was taken back, by whom, and what was published again then. */
        TakenBack: {
            at: number;
            /** @description the first 20 */
            restored: string[];
            restored_total: number;
            user: string;
        };
        /** @description One evaluation. Times are in seconds since the epoch. */
        TickItem: {
            at: number;
            cursor: string | null;
            duration: number | null;
            error: string | null;
            fire_time: number;
            id: number;
            reason: string | null;
            run_ids: string[];
            /** @enum {string} */
            status: "started" | "success" | "skipped" | "failed";
        };
        /** @description A page of ticks, the latest first. */
        TickList: {
            items: components["schemas"]["TickItem"][];
            next: string | null;
        };
        /** @description A new token. */
        TokenAsked: {
            /** @default [] */
            environments?: string[];
            /**
             * @description seconds; null for never
             * @default 7776000
             */
            expires_in?: number | null;
            name: string;
            /** @enum {string} */
            role: "viewer" | "operator" | "admin";
        };
        /** @description A token, without the token itself. Times are in seconds since the epoch. */
        TokenItem: {
            created: number;
            created_by: string;
            /** @description that it may write to; empty for all */
            environments: string[];
            expires: number | null;
            id: string;
            name: string;
            revoked: number | null;
            /** @enum {string} */
            role: "viewer" | "operator" | "admin";
            used: number | null;
        };
        /** @description All tokens, the newest first. */
        TokenList: {
            items: components["schemas"]["TokenItem"][];
            next: string | null;
        };
        /** @description A new token; it is told only now. */
        TokenMade: {
            created: number;
            created_by: string;
            /** @description that it may write to; empty for all */
            environments: string[];
            expires: number | null;
            id: string;
            name: string;
            revoked: number | null;
            /** @enum {string} */
            role: "viewer" | "operator" | "admin";
            token: string;
            used: number | null;
        };
        /** @description Go back from a promotion. */
        UndoAsked: {
            confirm_env?: string | null;
        };
        /** @description What was published again, and what was left: `new` then, or replaced since. */
        Undone: {
            id: string;
            kept: string[];
            /** @description of what was left, what had nothing before it; it stays published */
            new: string[];
            restored: string[];
        };
        /** @description A version that is kept. */
        VersionItem: {
            at: number;
            code_version: string | null;
            data_version: string | null;
            format: string;
            promoted_from: string | null;
            published: boolean;
            restored_from: string | null;
            run_id: string | null;
            size: number;
            type: string;
            version: string;
        };
        /** @description The versions of an asset that are kept, the latest first. */
        VersionList: {
            items: components["schemas"]["VersionItem"][];
            next: string | null;
        };
        /** @description A worker. `name` is its id, new at every start; `version` that of assetflow, `software` all there is to say. */
        WorkerItem: {
            busy: number;
            code: string | null;
            current: components["schemas"]["CurrentStep"][];
            draining: boolean;
            host: string;
            last_beat: number;
            modules: string[];
            name: string;
            pid: number;
            pool: string;
            quarantined_until: number | null;
            queues: string[];
            slots: number;
            software: string;
            started: number | null;
            version: string | null;
        };
        /** @description Workers, queues, pools and run limits. */
        WorkerList: {
            items: components["schemas"]["WorkerItem"][];
            next: string | null;
            pools: components["schemas"]["LimitItem"][];
            queues: components["schemas"]["QueueItem"][];
            run_limits: components["schemas"]["LimitItem"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
};
export type Schemas = components["schemas"];

/** Method, address and answer of every endpoint. */
export type Endpoint =
  | ["DELETE", `/tokens/${string}`, undefined]
  | ["GET", `/asset/checks`, Schemas["CheckList"]]
  | ["GET", `/asset/diff`, Schemas["DiffAnswer"] | Schemas["Comparing"]]
  | ["GET", `/asset/materializations`, Schemas["MaterializationList"]]
  | ["GET", `/asset/partitions/index`, Schemas["PartitionIndex"]]
  | ["GET", `/asset/partitions/keys`, Schemas["PartitionPage"]]
  | ["GET", `/asset/partitions`, Schemas["PartitionsAnswer"]]
  | ["GET", `/asset/plots`, Schemas["PlotsAnswer"]]
  | ["GET", `/asset/versions`, Schemas["VersionList"]]
  | ["GET", `/asset`, Schemas["AssetDetail"]]
  | ["GET", `/assets/status`, Schemas["StatusesAnswer"]]
  | ["GET", `/audit`, Schemas["AuditList"]]
  | ["GET", `/automation/decisions`, Schemas["DecisionList"]]
  | ["GET", `/backfills`, Schemas["BackfillList"]]
  | ["GET", `/definitions`, Schemas["DefinitionsAnswer"]]
  | ["GET", `/doctor`, Schemas["FindingList"]]
  | ["GET", `/environments/diff`, Schemas["EnvironmentDiff"]]
  | ["GET", `/environments`, Schemas["EnvironmentList"]]
  | ["GET", `/graph`, Schemas["GraphAnswer"]]
  | ["GET", `/instigators/${string}/ticks`, Schemas["TickList"]]
  | ["GET", `/instigators`, Schemas["InstigatorList"]]
  | ["GET", `/jobs`, Schemas["JobList"]]
  | ["GET", `/promotions`, Schemas["PromotionList"]]
  | ["GET", `/runs/${string}/events`, Schemas["RunEventList"]]
  | ["GET", `/runs/${string}/logs`, Schemas["LogPage"]]
  | ["GET", `/runs/${string}`, Schemas["RunDetail"]]
  | ["GET", `/runs`, Schemas["RunList"]]
  | ["GET", `/search/selection`, Schemas["SelectionAnswer"]]
  | ["GET", `/session`, Schemas["Session"]]
  | ["GET", `/settings`, Schemas["SettingList"]]
  | ["GET", `/tokens`, Schemas["TokenList"]]
  | ["GET", `/workers`, Schemas["WorkerList"]]
  | ["POST", `/asset/rollback`, Schemas["RolledBack"]]
  | ["POST", `/instigators/${string}/run`, Schemas["Evaluated"]]
  | ["POST", `/instigators/${string}/start`, Schemas["InstigatorState"]]
  | ["POST", `/instigators/${string}/stop`, Schemas["InstigatorState"]]
  | ["POST", `/limits`, Schemas["Done"]]
  | ["POST", `/login`, undefined]
  | ["POST", `/logout`, undefined]
  | ["POST", `/plans`, Schemas["PlanAnswer"]]
  | ["POST", `/promotions/${string}/rollback`, Schemas["Undone"]]
  | ["POST", `/promotions`, Schemas["Promoted"]]
  | ["POST", `/runs/${string}/cancel`, Schemas["RunStatusAnswer"]]
  | ["POST", `/runs/${string}/pause`, Schemas["RunStatusAnswer"]]
  | ["POST", `/runs/${string}/resume`, Schemas["RunStatusAnswer"]]
  | ["POST", `/runs/${string}/retry`, Schemas["RunStarted"]]
  | ["POST", `/runs`, Schemas["RunStarted"]]
  | ["POST", `/tokens`, Schemas["TokenMade"]]
  | ["POST", `/workers/${string}/drain`, Schemas["Done"]];
