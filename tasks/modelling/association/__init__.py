"""Association studies: effects of columns and variables, all tests of a study corrected together; nothing is predicted.

What belongs here: settings, samples and tests of such a study. What does not: one kind of effect (effects).
"""
