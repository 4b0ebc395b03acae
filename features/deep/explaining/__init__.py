"""What explaining a network needs besides kinds of maps: the score of a case, maps in the patient, cases that are alike."""
