namespace Tessera.Weights;

/// <summary>What the modules of a state_dict are called.</summary>
public enum WeightNames
{
    /// <summary>As nn.Sequential numbers them: <c>0.weight</c>, <c>3.bias</c>, every layer counted.</summary>
    Sequential,

    /// <summary>The layers' own names: <c>conv1.weight</c>.</summary>
    Layers,
}
