# Table 10: QuerySummary with boxes for 2 % of the malignant patients.
_base_ = './query_summary.py'
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=0.02)))
