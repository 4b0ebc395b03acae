# Types of radweave.py for other projects: type checkers look for no py.typed beside a single file.
from features.core.errors import ConfigError as ConfigError
from features.core.errors import DataError as DataError
from features.core.errors import MachineError as MachineError
from features.core.errors import RadweaveError as RadweaveError
from features.core.errors import StoreError as StoreError
from features.radiomics.extract import Features as Features
from features.radiomics.extract import PairError as PairError
from features.radiomics.extract import extract as extract
from features.radiomics.feature_extractor import RadiomicsFeatureExtractor as RadiomicsFeatureExtractor
from flows.read_table import query as query
from flows.read_table import read_dictionary as read_dictionary
from flows.read_table import read_table as read_table

__version__: str

def main() -> None: ...
