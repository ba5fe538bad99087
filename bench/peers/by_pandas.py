"""pandas with numpy: codes, a filter, `cumcount` over one integer key, one `bincount`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from peers.data import COUNTS, DAY_US, DAYS, GROUPS, Data


def sealed(data: Data) -> np.ndarray:
    """Integer codes."""
    table = pq.read_table(data.sealed, columns=["party", "name", "at_us"])
    return _run(data, table["party"].to_numpy(), table["name"].to_numpy(), table["at_us"].to_numpy())


def ordered(data: Data) -> np.ndarray:
    """Text ids: read as dictionaries, each text looked up once a row group."""
    table = pq.read_table(data.ordered, columns=["user_id", "event", "time"], read_dictionary=["user_id", "event"])
    table = table.unify_dictionaries()
    code = pd.Series(data.population["code"].to_numpy(), index=data.population["text"].to_pandas())
    parties, events = table["user_id"].chunk(0).dictionary, table["event"].chunk(0).dictionary
    of_text = code.reindex(parties.to_pandas()).to_numpy().astype(np.int32)
    of_name = np.array([int(text[6:]) for text in events.to_pylist()], np.int32)
    party = np.concatenate([of_text[chunk.indices.to_numpy()] for chunk in table["user_id"].chunks])
    name = np.concatenate([of_name[chunk.indices.to_numpy()] for chunk in table["event"].chunks])
    return _run(data, party, name, table["time"].cast("int64").to_numpy())


def _run(data: Data, party: np.ndarray, name: np.ndarray, at: np.ndarray) -> np.ndarray:
    offset = at - data.population["start_us"].to_numpy()[party]
    keep = (offset >= 0) & (offset < DAYS * DAY_US)
    party, name, day = party[keep], name[keep], (offset[keep] // DAY_US).astype(np.int64)
    key = pd.Series(party.astype(np.int64) * data.names + name)
    k = key.groupby(key, sort=False).cumcount().to_numpy()
    few = k < COUNTS
    cell = data.population["cell"].to_numpy()[party[few]].astype(np.int64)
    flat = ((cell * data.names + name[few]) * COUNTS + k[few]) * DAYS + day[few]
    shape = (GROUPS, 2, data.names, COUNTS, DAYS)
    found = np.bincount(flat, minlength=int(np.prod(shape))).astype(np.int32).reshape(shape)
    return np.ascontiguousarray(found.transpose(0, 2, 3, 4, 1))
