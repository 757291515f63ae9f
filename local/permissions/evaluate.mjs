// Decides IAM requests with @cloud-copilot/iam-simulate: a simulation in JSON per line on stdin, a decision per line
// on stdout. The package is AGPL-3.0 and a tool of development: docs/decisions/permissions-by-iam-simulate.md.
import { createInterface } from "node:readline";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const DECISIONS = { Allowed: "allowed", ExplicitlyDenied: "explicitDeny", ImplicitlyDenied: "implicitDeny" };
// Which policies a denial may be due to, the one that decides first.
const KINDS = ["identityAnalysis", "resourceAnalysis", "permissionBoundaryAnalysis"];

function told(statement) {
  return { policy: statement.policyId ?? "resource policy", number: statement.statement.index(), statement: statement.statement };
}

async function decide(simulation) {
  const answer = await runSimulation(simulation, {});
  if (answer.resultType !== "single" && answer.resultType !== "wildcard") return { error: answer.errors };
  const results = answer.resultType === "single" ? [answer.result] : answer.results;
  const decisive = answer.overallResult === "ExplicitlyDenied" ? "denyStatements" : "allowStatements";
  const statements = results.flatMap(({ analysis }) =>
    KINDS.flatMap((kind) => (analysis[kind]?.[decisive] ?? []).map((each) => ({ kind, ...told(each) }))),
  );
  return {
    decision: DECISIONS[answer.overallResult],
    statements: answer.overallResult === "ImplicitlyDenied" ? [] : statements,
    blockedBy: results.flatMap(({ analysis }) => analysis.blockedBy ?? []),
    identity: results.every(({ analysis }) => analysis.identityAnalysis?.result === "Allowed"),
    ignored: results.flatMap((each) => each.ignoredContextKeys ?? []),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await decide(JSON.parse(line));
  } catch (error) {
    answer = { error: { message: String(error) } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
