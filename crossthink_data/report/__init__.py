"""`crossthink report`: lm-eval's results as figures that can be believed, beside each other and the paper's."""
