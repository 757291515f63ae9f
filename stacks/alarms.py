"""What wakes a person, and the dashboard that they look at then."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.functions import METRICS_NAMESPACE
from stacks.settings import Settings

# So many turns of the reconciler may be missing before a person is told that nothing watches any more.
TURNS_MISSED = 3
# So many turns of the reconciler a throughput may stay whose deletion was accepted or is not possible yet: creating one
# takes up to half an hour, and Bedrock may refuse to delete it meanwhile.
TURNS_LEFT = 4


class Alarms(Construct):
    """All alarms go to one topic; each description says what to do. `on_reconciler` must outlive what it has to end."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        reconciler: lambda_.IFunction,
        state_machine: stepfunctions.StateMachine,
        undelivered_uploads: sqs.IQueue,
        undelivered_reconciliations: sqs.IQueue,
        topic: sns.ITopic,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._period = cdk.Duration.minutes(settings.reconcile_minutes)
        self._action = actions.SnsAction(topic)
        look = 'See "A leak, and how one would notice" in docs/operations.md.'
        self.on_reconciler = [
            self._alarm(
                "LeaseOverrun",
                self._metric("OldestLeaseOverrunSeconds", "Maximum"),
                f"A throughput, which bills, or a custom model deployment exists beyond the end of its lease. {look}",
            ),
            self._alarm(
                "DeletionFailed",
                self._metric("DeletionFailures", "Sum"),
                f"Bedrock refused to delete a throughput, which bills, or a custom model deployment. {look}",
            ),
            self._alarm(
                "ThroughputLeft",
                self._metric("ThroughputsLeft", "Minimum"),
                f"A throughput or custom model deployment that may not exist has outlived {TURNS_LEFT} attempts to "
                f"remove it. {look}",
                turns=TURNS_LEFT,
            ),
            self._alarm(
                "ReconcilerFailed",
                reconciler.metric_errors(period=self._period),
                f"The reconciler could not compare all that exists with what may exist; its log says why. {look}",
            ),
            self._alarm(
                "ReconcilerThrottled",
                reconciler.metric_throttles(period=self._period),
                f"Lambda has refused calls of the reconciler: look at the account's concurrency. {look}",
            ),
            self._silent(
                "ReconcilerSilent",
                reconciler.metric_invocations(period=self._period),
                f"The reconciler has not been called for {TURNS_MISSED} of its turns, so that nothing would find "
                f"what was left and bills: look at the rule Schedule. {look}",
            ),
            self._undelivered("ReconciliationsUndelivered", undelivered_reconciliations),
        ]
        on_runs = [
            *self._bad_ends(state_machine),
            self._undelivered("UploadsUndelivered", undelivered_uploads),
        ]
        self._dashboard([*self.on_reconciler, *on_runs], reconciler, state_machine)

    def _bad_ends(self, machine: stepfunctions.StateMachine) -> list[cloudwatch.Alarm]:
        """Step Functions counts each end in a metric of its own, even where nothing of the run could tell of it."""
        ends = {
            "RunFailed": (machine.metric_failed(period=self._period), "has failed"),
            "RunTimedOut": (machine.metric_timed_out(period=self._period), "has reached longest_run_hours"),
            "RunAborted": (machine.metric_aborted(period=self._period), "was stopped from outside"),
        }
        look = 'See "How a run ends that did not succeed" in docs/operations.md.'
        return [
            self._alarm(name, metric, f"An execution {what}: the result topic and its report.json say why. {look}")
            for name, (metric, what) in ends.items()
        ]

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._settings.deployment},
            statistic=statistic,
            period=self._period,
        )

    def _undelivered(self, name: str, queue: sqs.IQueue) -> cloudwatch.Alarm:
        return self._alarm(
            name,
            queue.metric_approximate_number_of_messages_visible(period=self._period),
            "Events could not be delivered for a long time: read the dead-letter queue.",
        )

    def _silent(self, name: str, calls: cloudwatch.IMetric, description: str) -> cloudwatch.Alarm:
        """Without a call there is no data point: here what is missing is what is wrong."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=description,
            metric=calls,
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=TURNS_MISSED,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        return self._told(alarm)

    def _alarm(self, name: str, metric: cloudwatch.IMetric, description: str, *, turns: int = 1) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=description,
            metric=metric,
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=turns,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        return self._told(alarm)

    def _told(self, alarm: cloudwatch.Alarm) -> cloudwatch.Alarm:
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        return alarm

    def _dashboard(
        self, alarms: list[cloudwatch.Alarm], reconciler: lambda_.IFunction, machine: stepfunctions.StateMachine
    ) -> None:
        graphs = {
            "Throughputs and deployments that exist, and that should not": [
                self._metric("LiveThroughputs", "Maximum"),
                self._metric("ThroughputsLeft", "Maximum"),
            ],
            "Oldest of them, in seconds": [
                self._metric("OldestThroughputAgeSeconds", "Maximum"),
                self._metric("OldestLeaseOverrunSeconds", "Maximum"),
            ],
            "Deletions": [self._metric("DeletionAttempts", "Sum"), self._metric("DeletionFailures", "Sum")],
            "Executions": [
                machine.metric_started(period=self._period),
                machine.metric_succeeded(period=self._period),
                machine.metric_failed(period=self._period),
                machine.metric_aborted(period=self._period),
                machine.metric_timed_out(period=self._period),
            ],
            "Reconciler": [
                reconciler.metric_invocations(period=self._period),
                reconciler.metric_errors(period=self._period),
            ],
        }
        dashboard = cloudwatch.Dashboard(self, "Dashboard")
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24))
        dashboard.add_widgets(
            *(cloudwatch.GraphWidget(title=title, left=list(metrics), width=8) for title, metrics in graphs.items())
        )
