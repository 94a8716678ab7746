"""The flows whose runs the snapshots show, and what their agents say meanwhile."""

from datetime import timedelta

import msgspec

from lead_tui.core.events import Log, Note, Progress, Tokens
from tests.tui.snapshots.past import START

RESEARCH = """\
# Reads what four places know, and asks a person before it is printed.
name: research
description: Reads from four places at once, asks, prints.
parallel_execution: true
failure_strategy: continue_on_failure

inputs:
  topic: {type: string, default: coffee, description: what to look for}
  depth: {type: integer, default: 2, choices: [1, 2, 3]}
  translate: {type: boolean, default: false, description: into French as well}

agents:
  - {name: planner, type: mock, latency: 2s}
  - {name: writer, type: mock, latency: 4s}
  - name: web
    type: mock
    latency: 5s
    results:
      search: # one answer, which is a list
        - - {title: A short history of coffee, year: 1991, pages: 212, open: true}
          - {title: The climate of Ethiopia, year: 2014, pages: 48, open: true}
          - {title: Roasting and acidity, year: 2021, pages: 9, open: false}
          - {title: Prices at the port of Mokha, year: 1978, pages: 133, open: true}
  - name: library
    type: mock
    latency: 6s
    max_concurrency: 2
  - name: archive
    type: mock
    latency: 3s
    fail: {search: {times: 1, category: network_error, status: 503, message: the archive is busy}}
    retry_config: {max_attempts: 3, initial_delay: 2s, jitter: false}
  - name: scanner
    type: mock
    latency: 4s
    fail: {scan: {category: timeout_error, message: no page came out within 4 s}}
    retry_config: {max_attempts: 3, initial_delay: 6s, exponential_base: 1, jitter: false}
  - name: museum
    type: mock
    latency: 1s
    fail: {ask: {category: network_error, status: 502, message: the museum does not answer}}
    retry_config: {max_attempts: 3, initial_delay: 1s, exponential_base: 1, jitter: false}
    circuit_breaker: {failure_threshold: 3, recovery_timeout: 20s}

tasks:
  - {name: plan, agent_name: planner, action: plan, parameters: {topic: "{{ inputs.topic }}"}}
  - name: search_web
    agent_name: web
    action: search
    depends_on: [plan]
    parameters: {topic: "{{ inputs.topic }}", depth: "{{ inputs.depth }}"}
  - {name: search_archive, agent_name: archive, action: search, depends_on: [plan]}
  - {name: scan_letters, agent_name: scanner, action: scan, depends_on: [plan]}
  - name: ask_museum
    agent_name: museum
    action: ask
    depends_on: [plan]
    parameters: {question: "What is known about {{ inputs.topic }}?"}
  - {name: book_visit, agent_name: museum, action: book, depends_on: [search_web]}
  - {name: translate, agent_name: writer, action: translate, depends_on: [plan], when: inputs.translate}
  - name: approve_outline
    agent_name: human
    action: approve
    depends_on: [plan]
    parameters:
      message: "Is this the outline of the page on {{ inputs.topic }}?"
      show: {chapters: [Where it grows, Who roasted it first, What it costs], words: 1200}
      options: [shorter, as it is]
  - {name: read_1, agent_name: library, action: read, depends_on: [search_web]}
  - {name: read_2, agent_name: library, action: read, depends_on: [search_web]}
  - {name: read_3, agent_name: library, action: read, depends_on: [search_web]}
  - {name: read_4, agent_name: library, action: read, depends_on: [search_web]}
  - {name: summarise, agent_name: writer, action: sum, depends_on: [read_1, read_2, read_3, read_4]}
  - name: merge
    agent_name: writer
    action: merge
    depends_on: [summarise, search_archive, approve_outline, {task: scan_letters, on: any}]
  - {name: print, agent_name: writer, action: print, depends_on: [merge]}

finally:
  - {name: tidy_up, agent_name: planner, action: tidy}

outputs:
  pages: "{{ tasks.search_web.result | length }}"
"""
RELEASE = """\
name: release
description: Rolls a version out as carefully as a person wants.
inputs:
  version: 1.4.0
agents:
  - {name: cluster, type: mock, latency: 3s, results: {build: shop-1.4.0.tar.gz}}
tasks:
  - {name: build, agent_name: cluster, action: build}
  - name: details
    agent_name: human
    action: input
    parameters:
      message: "How carefully is {{ inputs.version }} rolled out?"
      show: {artifact: "{{ tasks.build.result }}", tests: 412, failed: 0}
      form:
        percent: {type: integer, choices: [1, 10, 50], description: of the servers at first}
        night: {type: boolean, default: false, description: wait until nobody shops}
        note: {type: string, default: "", description: for the log}
  - {name: roll_out, agent_name: cluster, action: roll_out, depends_on: [details]}
"""
BROKEN = """\
# Bills of the month.
name: bills
agents:
  - {name: bank, type: mock, latency: 1s}
tasks:
  - name: fetch
    agent_name: bank
    action: list
    retries: 3
  - name: sum_up
    agent_name: ledger
    action: sum
    parameters: {bills: "{{ tasks.fetched.result }}"}
"""
SHOP = """\
name: shop
description: The orders of a day.
agents:
  - name: orders
    type: mock
    results: {list: {page: 1, pages: 3, orders: [{id: 4711, cups: 2}, {id: 4712, cups: 1}]}}
    circuit_breaker: {failure_threshold: 3, recovery_timeout: 20s}
  - {name: till, type: mock, latency: 7s}
tasks:
  - {name: list_orders, agent_name: orders, action: list, parameters: {day: "2026-03-01", page: 1}}
  - {name: count, agent_name: till, action: count, depends_on: [list_orders]}
"""


def said() -> list[Note]:
    """What agents say in a run of RESEARCH, in order."""
    lines: list[tuple[float, str, Note]] = [
        (2.5, "search_web", Log(text="4 places know something about coffee", stream="stdout")),
        (3.0, "scan_letters", Log(text="lamp on, warming up", stream="stderr")),
        (3.5, "search_web", Log(text="page 1 of 2: 3 hits", stream="stdout")),
        (4.5, "search_web", Log(text="page 2 of 2: 1 hit, its certificate expires soon", level="warning")),
        (7.5, "read_1", Progress(done=80, total=212, text="pages")),
        (13.5, "read_3", Log(text="opened Roasting and acidity", stream="stdout")),
        (14.5, "read_3", Tokens(text="The acidity falls with the time of the roast; ")),
        (15.5, "read_3", Tokens(text="the second study reports a smaller effect\nthan the first. ")),
        (16.5, "read_3", Progress(done=6, total=9, text="pages")),
        (16.8, "read_4", Progress(done=40, total=133, text="pages")),
    ]
    return [
        msgspec.structs.replace(note, ts=START + timedelta(seconds=at), task=task, attempt=1)
        for at, task, note in lines
    ]
