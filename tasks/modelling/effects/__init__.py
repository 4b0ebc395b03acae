"""Effects: how strongly a column goes together with a variable, without a model that predicts; one kind per file."""
